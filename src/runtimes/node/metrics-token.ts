/**
 * Who may read `/metrics` on the main listener: `SVIDMINT_METRICS_TOKEN`, as an `Authorization` header can bring it.
 * With a line end from the file it was kept in, nobody could, and would be told no more than of any path that is not there.
 * @returns undefined where it is not set, or empty
 * @throws RangeError that says what is expected, and nothing of the token
 */
export function metricsTokenOf(
  env: Readonly<Record<string, string | undefined>>,
): string | undefined {
  const token = env["SVIDMINT_METRICS_TOKEN"] ?? "";
  if (token === "") return undefined;
  if (!/^[\x21-\x7e]+$/.test(token))
    throw new RangeError("SVIDMINT_METRICS_TOKEN: expected visible ASCII, no spaces or line ends");
  return token;
}
