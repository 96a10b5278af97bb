import { dirname, resolve } from "node:path";
import { checkConfig } from "../config.ts";
import { defineCommand } from "../command.ts";
import { CHECKS } from "../doctor/checks.ts";
import type { DoctorContext, Finding, Severity } from "../doctor/check.ts";
import { CommandError } from "../errors.ts";
import { CONFIG_OPTION, loadKeys, type LoadedKeys } from "../keys/load.ts";
import { platform } from "../key-file.ts";
import { print, printable, printableWords, printJson } from "../output.ts";

export default defineCommand({
  about:
    "Looks at a configuration on the machine where it is to run, with the credentials that are there, and says of each finding how to mend it: the configuration, signing keys and their certificates, whether known relying parties take what they sign with, modes of files, the clock, whether keys in services are the configured ones and whether more is granted on them than an issuer needs, the bundle that a running issuer serves, claim store, audit log. Nothing is changed.",
  args: {
    ...CONFIG_OPTION,
    live: {
      type: "string",
      valueHint: "URL",
      description: "the issuer as it runs already: its bundle is compared, and its clock",
    },
    sign: {
      type: "boolean",
      description: "have each key of a service sign a fixed message, which is no SVID",
    },
    evidence: { type: "boolean", description: "fetch the keys of evidence's issuers" },
    json: { type: "boolean", description: "print JSON" },
  },
  examples: [
    { does: "before the first start", command: "svidmint doctor --config prod.yaml --sign" },
    {
      does: "of an issuer that runs",
      command: "svidmint doctor --config prod.yaml --live https://id.example.org --json",
    },
  ],
  exits: "0 there are no errors, 1 there are, 2 wrong usage",
  async run(args) {
    const checked = await checkConfig(args.config);
    const live = args.live?.replace(/\/$/, "");
    const keys = checked.config && (await keysOf(args.config));
    const context: DoctorContext = {
      configPath: args.config,
      folder: dirname(resolve(args.config)),
      checked,
      ...(checked.config && { config: checked.config }),
      ...(keys && { keys }),
      now: platform.now(),
      options: {
        sign: args.sign === true,
        evidence: args.evidence === true,
        ...(live !== undefined && { live }),
      },
    };
    const findings: (Finding & { readonly check: string })[] = [];
    for (const check of CHECKS) {
      const found = await check.run(context); // oxlint-disable-line no-await-in-loop -- told as it goes on
      if (args.json !== true && found.length > 0) tell(check.name, found);
      findings.push(...found.map((finding) => ({ check: check.name, ...finding })));
    }
    const count = (severity: Severity): number =>
      findings.filter((finding) => finding.severity === severity).length;
    const errors = count("error");
    if (args.json === true) printJson({ ok: errors === 0, findings });
    else print(`\n${errors} errors, ${count("warning")} warnings, ${count("skipped")} skipped`);
    return errors === 0 ? 0 : 1;
  },
});

/** Why there are none is told by a check. */
async function keysOf(path: string): Promise<LoadedKeys | undefined> {
  try {
    return await loadKeys(path);
  } catch (error) {
    if (error instanceof CommandError) return undefined;
    throw error;
  }
}

function tell(name: string, findings: readonly Finding[]): void {
  print(`${name}:`);
  for (const { severity, subject, message, fix } of findings) {
    print(`  ${severity.padEnd(7)}  ${printable(subject)}: ${printableWords(message)}`);
    if (fix !== undefined) print(`           fix: ${printableWords(fix)}`);
  }
}
