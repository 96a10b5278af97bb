import { describe, expect, it } from "vitest";
import { ascii, implicit } from "../../../src/encoding/der/writer.ts";
import type { CaNameConstraints } from "../../../src/svid/ca-certificate.ts";
import { extension } from "../svid/forge.ts";
import { trustDomain } from "../svid/mint.ts";
import { below } from "./company-bench.ts";
import { modeBench, T } from "./mode-bench.ts";

const dns = (name: string) => implicit(2, ascii(name));
const uri = (name: string) => implicit(6, ascii(name));
const allOf = (octets: number) => implicit(7, new Uint8Array(2 * octets));
const host = () => {
  const one = new Uint8Array(8).fill(255);
  return implicit(7, one);
};
const NONE = [dns(""), allOf(4), allOf(16)];
const { nameConstraints } = extension;

/** What the key of an entry that names constraints comes to, where a CA answers with those. */
async function outcome(wanted: CaNameConstraints | undefined, answered: readonly Uint8Array[]) {
  const bench = modeBench();
  const settings = wanted === undefined ? {} : { name_constraints: wanted };
  const { authority } = await below(
    bench,
    async ({ ca, requested }) => [await requested(ca, {}, { more: answered })],
    [],
    settings,
  );
  const key = await authority.key(T, bench.log);
  return key.ok ? "used" : `${key.error.reason}: ${key.error.detail ?? ""}`;
}

describe("name constraints of mode upstream", () => {
  it.each<[string, CaNameConstraints | undefined, readonly Uint8Array[]]>([
    ["those asked for", "exclude_dns_ip", [nameConstraints([], NONE)]],
    ["more than those", "exclude_dns_ip", [nameConstraints([uri(trustDomain)], NONE)]],
    ["the URI as well", "permit_uri", [nameConstraints([uri(trustDomain)], NONE)]],
    ["none, as told", "none", []],
    ["such as permit us, where none are asked for", "none", [nameConstraints([uri(trustDomain)])]],
    ["those of an entry that names none", undefined, [nameConstraints([], NONE)]],
  ])("are taken with %s", async (_, wanted, answered) => {
    expect(await outcome(wanted, answered)).toBe("used");
  });

  it.each<[string, CaNameConstraints | undefined, readonly Uint8Array[]]>([
    ["all dropped", "exclude_dns_ip", []],
    ["all dropped, where the entry names none", undefined, []],
    [
      "names of one company alone",
      "exclude_dns_ip",
      [nameConstraints([], [dns("a.example"), allOf(4), allOf(16)])],
    ],
    ["names and no addresses", "exclude_dns_ip", [nameConstraints([], [dns("")])]],
    ["no address of version 6", "exclude_dns_ip", [nameConstraints([], [dns(""), allOf(4)])]],
    ["one address alone", "exclude_dns_ip", [nameConstraints([], [dns(""), host(), allOf(16)])]],
    [
      "names permitted in place of excluded",
      "exclude_dns_ip",
      [nameConstraints([dns("a.example")])],
    ],
    ["URIs left open", "permit_uri", [nameConstraints([], NONE)]],
    [
      "another trust domain's URIs too",
      "permit_uri",
      [nameConstraints([uri(trustDomain), uri("other.example")], NONE)],
    ],
  ])("are missed where an answer has %s", async (_, wanted, answered) => {
    expect(await outcome(wanted, answered)).toMatch(
      new RegExp(
        `^signature_unsound: .*lacks the name constraints ${wanted ?? "exclude_dns_ip"}: have the CA`,
      ),
    );
  });

  it("may stand in a CA between", async () => {
    const bench = modeBench();
    const { authority } = await below(
      bench,
      async ({ ca, requested, between }) => {
        const issuing = await between(ca, { pathLength: 1, more: [nameConstraints([], NONE)] });
        return [await requested(issuing, {}, { more: [] }), issuing.der];
      },
      [],
      { name_constraints: "exclude_dns_ip" },
    );
    expect((await authority.key(T, bench.log)).ok).toBe(true);
  });
});
