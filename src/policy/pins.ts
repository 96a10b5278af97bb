import type { FactorInfo, PinInfo } from "../attestation.ts";
import { isGlob } from "./glob.ts";
import type { MatcherInput } from "./schema.ts";

/** What a rule believes of one factor's customer. `values` undefined: the entry itself is the pin. */
export interface ResolvedPin {
  readonly claim: string;
  readonly values?: readonly string[];
}

/** Matchers that a rule need not repeat, since `evidence:` leaves no choice. */
type Implied = readonly (readonly [claim: string, value: string])[];

/** `pin` undefined without problems: this evidence names no customer. */
interface Resolution {
  readonly pin?: ResolvedPin;
  readonly implied: Implied;
  readonly problems: readonly PinProblem[];
}

interface PinProblem {
  readonly claim?: string;
  readonly index?: number;
  readonly message: string;
}

/** Finds the claim that pins the customer behind a factor, and its values. */
export function resolvePin(
  factor: FactorInfo,
  matchers: ReadonlyMap<string, MatcherInput>,
): Resolution {
  if (factor.pins.length === 0) return { implied: [], problems: [] };
  const kind = resolveKind(factor, matchers);
  if ("message" in kind) return wrong(kind);
  const { implied } = kind;
  const stated = kind.candidates.find(({ claim }) => matchers.has(claim));
  const chosen = stated ?? kind.candidates[0];
  if (chosen === undefined)
    return wrong({ message: "this kind is not configured under `evidence:`" });
  const { claim, values } = chosen;
  if (chosen.nobody === true) return { implied, problems: [] };
  if (values === undefined) return { pin: { claim }, implied, problems: [] };
  const input = matchers.get(claim);
  if (input !== undefined) {
    return checkPin(claim, chosen.stated === true ? undefined : values, input, implied);
  }
  if (chosen.stated === true)
    return wrong({ message: `state ${claim}: \`evidence:\` leaves its values to the rules` });
  const [only] = values;
  if (only === undefined)
    return wrong({ message: `\`evidence:\` lists no ${claim}, so nothing can be believed` });
  if (values.length > 1) {
    const names = [...new Set(kind.candidates.map((candidate) => candidate.claim))].join(" or ");
    return wrong({
      message: `state ${names}: \`evidence:\` lists ${values.length}, and a rule says whom it means`,
    });
  }
  return { pin: { claim, values: [only] }, implied: [...implied, [claim, only]], problems: [] };
}

/** A kind that is not stated where it must be is a problem of its own. */
export function namesNobody(
  factor: FactorInfo,
  matchers: Readonly<Record<string, MatcherInput>>,
): boolean {
  if (factor.pins.length === 0) return true;
  const kind = resolveKind(factor, new Map(Object.entries(matchers)));
  return "candidates" in kind && kind.candidates[0]?.nobody === true;
}

function wrong(...problems: readonly PinProblem[]): Resolution {
  return { implied: [], problems };
}

interface Kind {
  readonly candidates: readonly PinInfo[];
  readonly implied: Implied;
}

function resolveKind(
  { pins }: FactorInfo,
  matchers: ReadonlyMap<string, MatcherInput>,
): Kind | PinProblem {
  const kinds = pins.flatMap(({ when }) => (when === undefined ? [] : [when]));
  const [first] = kinds;
  if (first === undefined) return { candidates: pins, implied: [] };
  const { claim } = first;
  const names = [...new Set(kinds.map(({ equals }) => equals))];
  const stated = matchers.get(claim);
  if (stated === undefined && names.length > 1)
    return { message: `state ${claim}: ${names.join(" or ")}` };
  if (stated !== undefined && (typeof stated !== "string" || !names.includes(stated))) {
    return { claim, message: `expected exactly one of those configured: ${names.join(", ")}` };
  }
  const chosen = stated ?? first.equals;
  return {
    candidates: pins.filter(({ when }) => when === undefined || when.equals === chosen),
    implied: stated === undefined ? [[claim, first.equals]] : [],
  };
}

/** @param configured undefined where any exact value will do */
function checkPin(
  claim: string,
  configured: readonly string[] | undefined,
  input: MatcherInput,
  implied: Implied,
): Resolution {
  const list = Array.isArray(input) ? input : [input];
  const values: string[] = [];
  const problems: PinProblem[] = [];
  for (const [position, value] of list.entries()) {
    const at = Array.isArray(input) ? { claim, index: position } : { claim };
    if (typeof value !== "string" || value === "") continue; // the matcher reports these
    if (isGlob(value))
      problems.push({
        ...at,
        message: "names the customer, so an exact value or a list of them: never a pattern",
      });
    else if (configured?.includes(value) === false)
      problems.push({
        ...at,
        message: "is not listed under `evidence:`, so it can never be believed",
      });
    else if (!values.includes(value)) values.push(value);
  }
  return problems.length > 0 ? wrong(...problems) : { pin: { claim, values }, implied, problems };
}
