import { describe, expect, it } from "vitest";
import {
  ascii,
  implicit,
  oid,
  seq,
  set,
  explicit,
  octets,
  utf8,
  printable,
  element,
} from "../../../src/encoding/der/writer.ts";
import { readDer } from "../../../src/encoding/der/reader.ts";
import { readGeneralName, type GeneralName } from "../../../src/svid/general-name.ts";
import { NameConstraintState } from "../../../src/svid/name-constraints.ts";

type Kind = "dns" | "email" | "uri" | "ip";
function general(kind: Kind, value: string): GeneralName {
  return kind === "ip"
    ? { type: kind, value: Uint8Array.from(value.split(".").map(Number)) }
    : { type: kind, value };
}
const list = (names: GeneralName | undefined): readonly GeneralName[] =>
  names === undefined ? [] : [names];

/** @returns undefined where the name passes */
function judge(
  names: readonly GeneralName[],
  permitted?: GeneralName,
  excluded?: GeneralName,
): string | undefined {
  const state = new NameConstraintState({ left: 1000 });
  return (
    state.add({ permitted: list(permitted), excluded: list(excluded) }) ?? state.checkNames(names)
  );
}
/** A DER GeneralName, read. */
function read(der: Uint8Array): GeneralName {
  const node = readDer(der);
  const name = node.ok ? readGeneralName(node.value) : undefined;
  if (name === undefined) throw new Error("no general name");
  return name;
}

/** base, name, whether the name lies in it: "unclear" is refused under permitted and under excluded alike. */
const CASES: readonly (readonly [Kind, string, string, boolean | "unclear"])[] = [
  ["dns", "example.org", "example.org", true],
  ["dns", "example.org", "EXAMPLE.ORG", true],
  ["dns", "example.org", "a.b.example.org", true],
  ["dns", "example.org", "badexample.org", false],
  ["dns", "a.example.org", "example.org", false],
  ["dns", "", "anything.example", true],
  ["dns", "example.org", "*.example.org", true],
  ["dns", "example.org", "*.a.example.org", true],
  ["dns", "example.org", "example.org.", "unclear"],
  ["dns", "example.org", ".example.org", "unclear"],
  ["dns", "example.org", "a..example.org", "unclear"],
  ["dns", "example.org", "a.*.example.org", "unclear"],
  ["dns", "example.org", "a\u0000.example.org", "unclear"],
  ["uri", "prod.example.org", "spiffe://prod.example.org/a", true],
  ["uri", "prod.example.org", "https://user@prod.example.org:8443/a?b#c", true],
  ["uri", "prod.example.org", "spiffe://a.prod.example.org/a", false],
  ["uri", ".example.org", "spiffe://prod.example.org/a", true],
  ["uri", ".example.org", "spiffe://a.b.example.org", true],
  ["uri", ".example.org", "spiffe://example.org/a", false],
  ["uri", "example.org", "spiffe://other.example/example.org", false],
  ["uri", "example.org", "spiffe://other.example\\@example.org", "unclear"],
  ["uri", "example.org", "spiffe://example.org\\@other.example", "unclear"],
  ["uri", "example.org", "https://a@example.org@other.example", "unclear"],
  ["uri", "example.org", "https://example.org:80:81/", "unclear"],
  ["uri", "example.org", "https://example.org:http/", "unclear"],
  ["uri", "example.org", "git+ssh://example.org", true],
  ["uri", "example.org", "spiffe://other.example#@example.org", false],
  ["uri", "example.org", "urn:example.org", "unclear"],
  ["uri", "example.org", "spiffe:///example.org", "unclear"],
  ["uri", "example.org", "https://[2001:db8::1]/a", "unclear"],
  ["email", "example.org", "a@example.org", true],
  ["email", "example.org", "a@Example.org", true],
  ["email", "example.org", "a@b.example.org", false],
  ["email", ".example.org", "a@b.example.org", true],
  ["email", ".example.org", "a@example.org", false],
  ["email", "a@example.org", "a@example.org", true],
  ["email", "a@example.org", "A@example.org", false],
  ["email", "a@example.org", "b@example.org", false],
  ["email", "example.org", "example.org", "unclear"],
  ["email", "example.org", "a@b@example.org", "unclear"],
  ["email", "example.org", '"a b"@example.org', "unclear"],
  ["ip", "192.0.2.0.255.255.255.0", "192.0.2.200", true],
  ["ip", "192.0.2.0.255.255.255.0", "192.0.3.200", false],
  ["ip", "0.0.0.0.0.0.0.0", "203.0.113.9", true],
  ["ip", "192.0.2.0.255.255.255.0", "0.0.0.0.0.0.0.0.0.0.0.0.192.0.2.1", false],
];

describe("a name constraint", () => {
  it.each(CASES)("%s %s on %s: %s", (kind, base, value, inside) => {
    const [constraint, name] = [general(kind, base), general(kind, value)];
    expect(judge([name], constraint) === undefined).toBe(inside === true);
    expect(judge([name], undefined, constraint) === undefined).toBe(inside === false);
  });

  it("bans a wildcard that could stand for a banned host, and admits none wider than itself", () => {
    const wildcard = general("dns", "*.example.org");
    expect(judge([wildcard], undefined, general("dns", "bank.example.org"))).toContain("excluded");
    expect(judge([wildcard], undefined, general("dns", "bank.example.com"))).toBeUndefined();
    expect(judge([wildcard], general("dns", "bank.example.org"))).toContain("not permitted");
  });

  it("does not reach names of another type", () => {
    expect(
      judge([general("uri", "spiffe://b.example/a")], general("dns", "a.example")),
    ).toBeUndefined();
    expect(
      judge([general("dns", "b.example")], undefined, general("uri", "b.example")),
    ).toBeUndefined();
  });

  it("is satisfied by one of several subtrees, and broken by any excluded one", () => {
    const state = new NameConstraintState({ left: 100 });
    state.add({
      permitted: [general("dns", "a.example"), general("dns", "b.example")],
      excluded: [general("dns", "x.b.example")],
    });
    expect(state.checkNames([general("dns", "b.example")])).toBeUndefined();
    expect(state.checkNames([general("dns", "x.b.example")])).toContain("excluded");
    expect(state.checkNames([general("dns", "c.example")])).toContain("not permitted");
  });

  it("narrows and never widens below another", () => {
    const state = new NameConstraintState({ left: 100 });
    state.add({ permitted: [general("dns", "a.example")], excluded: [] });
    state.add({ permitted: [general("dns", "example")], excluded: [] });
    expect(state.checkNames([general("dns", "x.a.example")])).toBeUndefined();
    expect(state.checkNames([general("dns", "b.example")])).toContain("not permitted");
  });

  it.each([
    ["dns", ".example.org"],
    ["dns", "*.example.org"],
    ["dns", "exa mple.org"],
    ["uri", ""],
    ["uri", "https://example.org"],
    ["email", "a@b@example.org"],
    ["email", "@example.org"],
    ["ip", "192.0.2.0.255.0.255.0"],
    ["ip", "192.0.2.0"],
  ] as const)("of type %s is malformed: %s", (kind, base) => {
    expect(judge([], general(kind, base))).toContain("malformed");
    expect(judge([], undefined, general(kind, base))).toContain("malformed");
  });

  it("counts against the work allowed before it is looked at", () => {
    const state = new NameConstraintState({ left: 1 });
    const permitted = [general("dns", "a.example"), general("dns", "b.example")];
    expect(state.add({ permitted, excluded: [] })).toContain("too many");
  });

  it("of a type that is not understood refuses names of that type, and no others", () => {
    const other = read(
      implicit(0, seq(oid("1.2.3.4"), explicit(0, octets(new Uint8Array(1)))).subarray(2), true),
    );
    const registered = read(implicit(8, Uint8Array.of(0x2a, 3)));
    expect(judge([other], other)).toContain("not permitted");
    expect(judge([other], undefined, other)).toContain("excluded");
    expect(judge([registered], other, other)).toBeUndefined();
  });
});

const rdn = (value: Uint8Array, type = "2.5.4.10") => set(seq(oid(type), value));
const name = (...rdns: Uint8Array[]) => read(explicit(4, seq(...rdns)));

describe("a directory name", () => {
  const acme = name(rdn(utf8("Acme")));

  it("is within a subtree that it begins with, however its text is written", () => {
    const unit = rdn(utf8("unit"), "2.5.4.11");
    for (const inside of [
      acme,
      name(rdn(printable("ACME"))),
      name(rdn(utf8("  acme ")), unit),
      name(rdn(utf8("Ａcme"))),
    ])
      expect(judge([inside], acme)).toBeUndefined();
    for (const outside of [
      name(),
      name(unit),
      name(unit, rdn(utf8("Acme"))),
      name(rdn(utf8("Acme2"))),
      name(rdn(utf8("Acme"), "2.5.4.3")),
    ])
      expect(judge([outside], acme)).toContain("not permitted");
    expect(judge([name(rdn(printable("acme")), unit)], undefined, acme)).toContain("excluded");
  });

  // Each pair is one name (RFC 4518 §2): none may be let past a ban by another spelling.
  it.each([
    ["a soft hyphen", "Acme", "Ac\u00adme"],
    ["a zero-width space", "Acme", "Ac\u200bme"],
    ["a byte order mark", "Acme", "\ufeffAcme"],
    ["a variation selector", "Acme", "Acme\ufe0f"],
    ["a grapheme joiner", "Acme", "A\u034fcme"],
    ["an object's place", "Acme", "\ufffcAcme"],
    ["a NUL", "Acme", "Ac\0me"],
    ["a delete", "Acme", "Acme\u007f"],
    ["a tab", "Acme Bank", "Acme\tBank"],
    ["a next line", "Acme Bank", "Acme\u0085Bank"],
    ["a sharp s", "Strasse", "Straße"],
    ["a sigma at the end", "ΟΔΟΣ", "οδος"],
    ["a Kelvin sign", "kelvin", "\u212aELVIN"],
    ["an iota below", "ᾳ", "ΑΙ"],
    ["accents composed late", "ΐ", "Ϊ\u0301"],
  ])("is the same with %s", (_, one, other) => {
    const [a, b] = [name(rdn(utf8(one))), name(rdn(utf8(other)))];
    for (const [base, value] of [[a, b] as const, [b, a] as const]) {
      expect(judge([value], undefined, base)).toContain("excluded");
      expect(judge([value], base)).toBeUndefined();
    }
  });

  it.each([
    ["a dotless i", "i", "ı"],
    ["an accent", "e", "é"],
    ["a letter of another script", "Acme", "\u0410cme"],
    ["a space", "Acme", "Ac me"],
  ])("is another with %s", (_, one, other) => {
    const [a, b] = [name(rdn(utf8(one))), name(rdn(utf8(other)))];
    expect(judge([b], a)).toContain("not permitted");
    expect(judge([a], b)).toContain("not permitted");
    expect(judge([b], undefined, a)).toBeUndefined();
  });

  it("in an old string type is neither admitted nor let past a ban on the same text", () => {
    const bmp = name(rdn(element(0x1e, Uint8Array.of(0, 0x41, 0, 0x63, 0, 0x6d, 0, 0x65))));
    const teletex = name(rdn(element(0x14, ascii("Acme"))));
    for (const old of [bmp, teletex]) {
      expect(judge([old], acme)).toContain("not permitted");
      expect(judge([old], undefined, acme)).toContain("excluded");
      expect(judge([acme], undefined, old)).toContain("excluded");
      expect(judge([old], old)).toBeUndefined();
    }
    expect(judge([bmp], undefined, teletex)).toContain("excluded");
    for (const other of [name(), name(rdn(utf8("X=#1E")))])
      expect(judge([other], undefined, acme)).toBeUndefined();
    expect(judge([name()], undefined, bmp)).toBeUndefined();
    // An attribute of another type is no such text, however it is written.
    expect(judge([name(rdn(printable("Acme"), "2.5.4.3"))], undefined, bmp)).toBeUndefined();
    expect(
      judge([name(rdn(printable("DE"), "2.5.4.6"), rdn(utf8("Acme")))], undefined, teletex),
    ).toBeUndefined();
    const pair = (value: Uint8Array): Uint8Array =>
      set(seq(oid("2.5.4.10"), value), seq(oid("2.5.4.11"), utf8("unit")));
    expect(judge([name(pair(utf8("Acme")))], undefined, teletex)).toBeUndefined();
    expect(
      judge([name(pair(utf8("Acme")))], undefined, name(pair(element(0x14, ascii("Acme"))))),
    ).toContain("excluded");
    expect(
      judge([name(rdn(utf8("Bank")), rdn(element(0x14, ascii("Acme"))))], undefined, acme),
    ).toBeUndefined();
  });

  it("of several attributes has no order, and is not taken apart", () => {
    const [a, b] = [seq(oid("2.5.4.10"), utf8("a")), seq(oid("2.5.4.3"), utf8("b"))];
    const both = name(set(a, b));
    expect(judge([name(element(0x31, Uint8Array.of(...b, ...a)))], both)).toBeUndefined();
    expect(judge([name(set(a), set(b))], both)).toContain("not permitted");
  });

  it("is not read where a text breaks its alphabet, or is of a type that no name has", () => {
    expect(() => name(rdn(element(0x13, ascii("a@b"))))).toThrow("no general name");
    expect(() => name(rdn(element(0x0c, Uint8Array.of(0xc3))))).toThrow("no general name");
    expect(() => name(rdn(element(0x1a, ascii("Acme"))))).toThrow("no general name");
    expect(() => name(set())).toThrow("no general name");
  });
});
