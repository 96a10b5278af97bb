/** IPv4 networks that are no place of the public Internet (RFC 6890 and its registry), as first octets and bits. */
const V4: readonly (readonly [network: number, bits: number])[] = [
  [v4(0, 0, 0, 0), 8],
  [v4(10, 0, 0, 0), 8],
  [v4(100, 64, 0, 0), 10],
  [v4(127, 0, 0, 0), 8],
  [v4(168, 63, 129, 16), 32], // Azure's own services, from within its virtual machines
  [v4(169, 254, 0, 0), 16],
  [v4(172, 16, 0, 0), 12],
  [v4(192, 0, 0, 0), 24],
  [v4(192, 0, 2, 0), 24],
  [v4(192, 88, 99, 0), 24],
  [v4(192, 168, 0, 0), 16],
  [v4(198, 18, 0, 0), 15],
  [v4(198, 51, 100, 0), 24],
  [v4(203, 0, 113, 0), 24],
  [v4(224, 0, 0, 0), 3],
];

/**
 * Whether an IP address leads elsewhere than to the public Internet: to this machine, a private network, a metadata
 * service. IPv6 is public only within 2000::/3, and an address that carries an IPv4 one is judged by it.
 * @param address as `URL` or a resolver writes it, without brackets; false for a name
 */
export function isPrivateAddress(address: string): boolean {
  const four = parseV4(address);
  if (four !== undefined) return isPrivateV4(four);
  if (!address.includes(":")) return false;
  const groups = parseV6(address);
  if (groups === undefined) return true; // what cannot be read is nowhere to go
  const [first = 0, second = 0, third = 0] = groups;
  const last = ((groups[6] ?? 0) * 0x1_0000 + (groups[7] ?? 0)) >>> 0;
  // Mapped (::ffff:0:0/96) and NAT64 (64:ff9b::/96, 64:ff9b:1::/48).
  if (groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff)
    return isPrivateV4(last);
  if (first === 0x64 && second === 0xff9b) return third !== 0 || isPrivateV4(last);
  if (first === 0x2002) return isPrivateV4((second * 0x1_0000 + third) >>> 0); // 6to4
  if ((first & 0xe000) !== 0x2000) return true;
  // Teredo, benchmarking, ORCHID, documentation.
  if (first === 0x2001 && (second < 0x0200 || second === 0x0db8)) return true;
  return first === 0x3fff && second < 0x1000;
}

function isPrivateV4(address: number): boolean {
  return V4.some(([network, bits]) => {
    const mask = (0xffff_ffff << (32 - bits)) >>> 0;
    return (address & mask) >>> 0 === network;
  });
}

function v4(a: number, b: number, c: number, d: number): number {
  return ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
}

function parseV4(text: string): number | undefined {
  const octets = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text)?.slice(1).map(Number);
  if (octets === undefined || octets.some((octet) => octet > 255)) return undefined;
  const [a = 0, b = 0, c = 0, d = 0] = octets;
  return v4(a, b, c, d);
}

/** @returns eight groups; undefined for what is no address */
function parseV6(text: string): readonly number[] | undefined {
  const [bare = ""] = text.split("%");
  const tail = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(bare);
  const four = tail && parseV4(tail[2] ?? "");
  if (tail !== null && four === undefined) return undefined;
  const spelled =
    four === undefined || four === null
      ? bare
      : `${tail?.[1] ?? ""}${(four >>> 16).toString(16)}:${(four & 0xffff).toString(16)}`;
  const halves = spelled.split("::");
  if (halves.length > 2) return undefined;
  const [head = [], rest = []] = halves.map((half) => (half === "" ? [] : half.split(":")));
  const missing = 8 - head.length - rest.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  const groups = [...head, ...Array.from({ length: missing }, () => "0"), ...rest];
  if (!groups.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group))) return undefined;
  return groups.map((group) => Number.parseInt(group, 16));
}
