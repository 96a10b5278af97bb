import { isLoopbackHttp } from "../jwks.ts";
import { JUDGED_CLAIMS } from "./claims.ts";
import type { OidcEntry } from "./entry.ts";
import { textsOf } from "./entry-members.ts";
import { foreignAudience } from "./foreign-audience.ts";
import type { OidcPreset } from "./preset.ts";

/** A member of an entry, and what mends it. */
type Problem = readonly [member: string, message: string];

/** The members that only entries with this preset have. */
export function membersOf({ pin, demands = [] }: OidcPreset): readonly string[] {
  const optIns = demands.flatMap(({ optIn }) => (optIn === undefined ? [] : [optIn]));
  return pin === undefined ? optIns : [pin, ...optIns];
}

/** What the members of an entry mean together; each with the member that it stands at. */
export function problemsOf(entry: OidcEntry, presets: readonly OidcPreset[]): Problem[] {
  const preset = presets.find(({ name }) => name === entry.preset);
  const own = preset === undefined ? [] : membersOf(preset);
  const strange = presets
    .flatMap((one) => membersOf(one).map((member) => [member, one.name] as const))
    .filter(([member]) => !own.includes(member) && textsOf(entry, member) !== undefined);
  return [
    ...(preset === undefined ? plainProblems(entry) : presetProblems(entry, preset)),
    ...new Map(
      strange.map(([member, name]) => [member, `only an entry with preset: ${name} has it`]),
    ),
  ];
}

function plainProblems(entry: OidcEntry): Problem[] {
  const problems: Problem[] = [];
  const { issuer, pin, dev, jwks } = entry;
  if (dev === true && jwks === undefined)
    problems.push(["jwks", "required: dev has no issuer to ask"]);
  if (issuer === undefined && dev !== true)
    problems.push(["issuer", "required: the iss of its tokens, or a preset that knows it"]);
  if (pin === undefined) {
    problems.push([
      "pin",
      "required: the claim that names the customer, or issuer where the issuer is yours alone",
    ]);
  }
  const pinned = typeof pin === "object" ? pin.claim : pin;
  if (pinned !== undefined && JUDGED_CLAIMS.has(pinned))
    problems.push(["pin", "names nobody: it is judged by itself"]);
  return problems;
}

function presetProblems(entry: OidcEntry, preset: OidcPreset): Problem[] {
  const problems: Problem[] = [];
  const { issuer, audience, jwks } = entry;
  const { name, pin, issuerForm } = preset;
  const customers = pin === undefined ? [] : (textsOf(entry, pin) ?? []);
  if (entry.dev === true) problems.push(["dev", "dev has no preset"]);
  if (entry.pin !== undefined)
    problems.push([
      "pin",
      `the preset has its own: ${pin === undefined ? "its issuer is yours alone" : `list values under ${pin}`}`,
    ]);
  if (pin !== undefined && textsOf(entry, pin) === undefined) {
    const from = preset.pinFrom === undefined ? "" : ` (${preset.pinFrom})`;
    problems.push([
      pin,
      `required: ${name} serves many customers under one issuer, name yours${from}`,
    ]);
  }
  const expected = issuerForm === undefined ? "" : `: ${issuerForm.text}`;
  if (issuer === undefined && preset.issuer === undefined)
    problems.push(["issuer", `required${expected}`]);
  if (
    issuer !== undefined &&
    issuerForm?.pattern?.test(issuer) === false &&
    !isLoopbackHttp(issuer)
  )
    problems.push(["issuer", `is no issuer of ${name}${expected}`]);
  const { audience: fixed } = preset;
  if (fixed !== undefined && audience !== undefined && audience !== fixed)
    problems.push(["audience", `${name} gives all its tokens ${fixed}: leave audience out`]);
  const foreign =
    audience === undefined ? undefined : foreignAudience(audience, issuer ?? preset.issuer);
  if (fixed === undefined && foreign !== undefined)
    problems.push([
      "audience",
      `is that of ${foreign}, which gets such tokens all day and could use them here: ask for tokens of your own`,
    ]);
  return [...problems, ...(preset.check?.({ issuer, audience, jwks, customers }) ?? [])];
}
