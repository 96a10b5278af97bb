import { describe, expect, it } from "vitest";
import { checkEndpoint } from "../../../src/federation/endpoint-url.ts";
import { isPrivateAddress } from "../../../src/federation/private-address.ts";

/** Ways to write where nobody but we ourselves may go. */
const PRIVATE = [
  "https://127.0.0.1/",
  "https://127.1/",
  "https://127.0.1/",
  "https://2130706433/",
  "https://0x7f000001/",
  "https://0x7f.0.0.1/",
  "https://0177.0.0.1/",
  "https://017700000001/",
  "https://127.0.0.1./",
  "https://127%2e0%2e0%2e1/",
  "https://①②⑦.⓪.⓪.①/",
  "https://１２７。０。０。１/",
  "https://0.0.0.0/",
  "https://0/",
  "https://localhost/",
  "https://LOCALHOST./",
  "https://a.localhost/",
  "https://a.localhost./",
  "https://[::1]/",
  "https://[::]/",
  "https://[0:0:0:0:0:0:0:1]/",
  "https://[::ffff:127.0.0.1]/",
  "https://[::ffff:7f00:1]/",
  "https://[::127.0.0.1]/",
  "https://[64:ff9b::169.254.169.254]/",
  "https://[64:ff9b:1::1.1.1.1]/",
  "https://[2002:7f00:1::]/",
  "https://[2002:a9fe:a9fe::1]/",
  "https://[2001:0:a9fe:a9fe::1]/",
  "https://[fe80::1]/",
  "https://[fc00::1]/",
  "https://[fd00:ec2::254]/",
  "https://[ff02::1]/",
  "https://[2001:db8::1]/",
  "https://[3fff:fff::1]/",
  "https://169.254.169.254/latest/meta-data/",
  "https://0xa9fea9fe/",
  "https://169.16689662/",
  "https://100.100.100.200/",
  "https://192.0.0.192/",
  "https://192.0.2.1/",
  "https://192.88.99.1/",
  "https://168.63.129.16/",
  "https://100.64.0.1/",
  "https://10.0.0.1:8443/",
  "https://172.16.0.1/",
  "https://172.31.255.255/",
  "https://192.168.0.1/",
  "https://198.18.0.1/",
  "https://198.51.100.1/",
  "https://203.0.113.1/",
  "https://224.0.0.1/",
  "https://255.255.255.255/",
] as const;

describe("the URL of a bundle endpoint", () => {
  it.each(PRIVATE)("leads to no private address: %s", (url) => {
    expect(checkEndpoint(url, false)).toMatch(/private address/);
    expect(checkEndpoint(url, true)).toBeUndefined();
  });

  it.each([
    ["no URL", "partner.example/bundle"],
    ["http", "http://partner.example/bundle"],
    ["http to a private network", "http://10.0.0.1/"],
    ["a file", "file:///etc/passwd"],
    ["gopher", "gopher://partner.example/"],
    ["data", "data:application/json,{}"],
    ["spiffe", "spiffe://partner.example/bundle"],
    ["a user", "https://user@partner.example/"],
    ["a password", "https://:password@partner.example/"],
    ["a host in front of the host", "https://partner.example@169.254.169.254/"],
    ["a fragment", "https://partner.example/#x"],
    ["a zone", "https://[fe80::1%25eth0]/"],
    ["an octet too big", "https://127.0.0.256/"],
    ["too long", `https://partner.example/${"x".repeat(2048)}`],
  ])("is refused also where private addresses are allowed: %s", (_, url) => {
    expect(checkEndpoint(url, true)).toBeDefined();
    expect(checkEndpoint(url, false)).toBeDefined();
  });

  it.each(["http://127.0.0.1:8080/", "http://localhost/", "http://[::1]/"])(
    "is plain http to this machine alone, where that is allowed: %s",
    (url) => {
      expect(checkEndpoint(url, true)).toBeUndefined();
      expect(checkEndpoint(url, false)).toBeDefined();
    },
  );

  it.each([
    "https://partner.example/bundle?of=all",
    "https://partner.example:8443/",
    "https://PARTNER.example./",
    "https://xn--bcher-kva.example/",
    "https://1.1.1.1/",
    "https://172.32.0.1/",
    "https://[2606:4700::1111]/",
    "https://[3fff:1000::1]/",
    "https://[::ffff:1.1.1.1]/",
    "https://[64:ff9b::1.1.1.1]/",
  ])("may be %s", (url) => {
    expect(checkEndpoint(url, false)).toBeUndefined();
  });
});

/** Others' list of notations, which lies beside the project; of names among them the resolver tells where they lead. */
const [listed] = Object.values(
  import.meta.glob<{ readonly urls: readonly string[] }>(
    "../../../../shared/vectors/third-party/spiffe/ssrf-url-notations.json",
    { import: "default", eager: true },
  ),
);
const NAMES = ["127.0.0.1.nip.io", "169.254.169.254.nip.io", "bit.ly", "example.com"];

describe.skipIf(listed === undefined)("the list of azu/request-filtering-agent (../shared)", () => {
  const urls = [...new Set(listed?.urls.map((url) => url.replace(/^http:/, "https:")))];

  it("leads nowhere, but for names that anybody may have", () => {
    expect(urls.length).toBeGreaterThan(25);
    const allowed = urls.filter((url) => checkEndpoint(url, false) === undefined);
    expect([...new Set(allowed.map((url) => new URL(url).hostname))].toSorted()).toEqual(NAMES);
  });
});

describe("an address that a resolver gives", () => {
  it.each(["fe80::1%eth0", "::ffff:10.0.0.1", "::ffff:a00:1", "1:2:3", ":::", "1::2::3", "::g"])(
    "%s is private, or nowhere to go",
    (address) => {
      expect(isPrivateAddress(address)).toBe(true);
    },
  );
});
