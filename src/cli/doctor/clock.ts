import { fetchBounded } from "../../platform/http.ts";
import { settingsOf } from "../../signer/definitions.ts";
import { keyAdmin } from "../key-services/admins.ts";
import { allKeys } from "../keys/load.ts";
import { platform } from "../key-file.ts";
import { formatDuration } from "../time.ts";
import type { Check, DoctorContext, Finding } from "./check.ts";

/** The header counts whole seconds, and the answer took a moment. */
const EXACT_SECONDS = 3;
/** From here on evidence is refused, and SVIDs are not yet valid elsewhere (`iat` and `nbf` have 60 s). */
const WRONG_SECONDS = 30;
const TIMEOUT_MS = 5000;

/** This machine's clock beside those of the services that it asks anyway, by the `Date` of an answer, whatever it says. */
export const clock: Check = {
  name: "clock",
  async run(context) {
    const urls = await sources(context);
    if (urls.length === 0)
      return [
        { severity: "skipped", subject: "clock", message: "nobody to compare it with: --live URL" },
      ];
    return Promise.all(urls.map(compare));
  },
};

async function sources({ keys, options }: DoctorContext): Promise<readonly string[]> {
  const urls = new Set(options.live === undefined ? [] : [`${options.live}/healthz`]);
  for (const { entry } of keys === undefined ? [] : allKeys(keys.keys)) {
    const admin = await keyAdmin(entry.backend); // oxlint-disable-line no-await-in-loop -- a handful, once
    const url = admin?.endpoint?.(settingsOf(entry));
    if (url !== undefined) urls.add(url);
  }
  return [...urls];
}

async function compare(url: string): Promise<Finding> {
  const before = platform.now();
  const answer = await fetchBounded(platform, url, {
    maxBytes: 64 * 1024,
    timeoutMs: TIMEOUT_MS,
    allowLoopbackHttp: true,
  });
  const after = platform.now();
  const date = answer.ok ? Date.parse(answer.value.headers.get("date") ?? "") / 1000 : Number.NaN;
  const message = answer.ok
    ? "tells no time"
    : `gives no answer: ${answer.error.detail ?? answer.error.code}`;
  if (Number.isNaN(date)) return { severity: "skipped", subject: url, message };
  const off = date < before ? before - date : Math.max(0, date - after);
  const words = `this clock is ${date < before ? "ahead of" : "behind"} it by ${formatDuration(off)}`;
  if (off <= EXACT_SECONDS) return { severity: "good", subject: url, message: "the clocks agree" };
  return {
    severity: off > WRONG_SECONDS ? "error" : "warning",
    subject: url,
    message: words,
    fix: "let NTP set this machine's clock (timedatectl set-ntp true)",
  };
}
