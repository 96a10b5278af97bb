import { parseCertificate } from "../../svid/certificate.ts";
import { readPemBlock } from "../../signer/pem-block.ts";
import { formatDuration, formatTime } from "../time.ts";
import type { Check, Finding } from "./check.ts";

/** Time to make the next root, have it published for five hints, and let the old one's certificates expire. */
const SOON_SECONDS = 90 * 86_400;

/** Whether a certificate ends while its key is still to sign. */
export const certificates: Check = {
  name: "certificates",
  async run({ keys, now }) {
    const findings: Finding[] = [];
    for (const [index, entry] of (keys?.keys.x509 ?? []).entries()) {
      const life = keys?.timelines.x509[index];
      if (keys === undefined || life === undefined || now >= life.retiredAt) continue;
      // oxlint-disable-next-line no-await-in-loop -- what cannot be read is told by the check of the keys
      const der = await readPemBlock(entry.certificate, "CERTIFICATE", keys.read, () => undefined);
      const parsed = der && parseCertificate(der);
      if (parsed?.ok !== true) continue;
      const { notAfter } = parsed.value;
      const subject = `keys.x509.${entry.id}`;
      const left = notAfter - now;
      const soon = left < SOON_SECONDS;
      findings.push({
        severity: left < 0 ? "error" : soon ? "warning" : "good",
        subject,
        message: `its certificate ends at ${formatTime(notAfter)}, ${left < 0 ? "which has passed" : `in ${formatDuration(left)}`}`,
        ...(soon && {
          fix: "svidmint keys create x509, svidmint ca init, svidmint keys plan-rotation x509",
        }),
      });
    }
    return findings;
  },
};
