/** Audiences of well-known services, which tokens are made for all the time: each of those services, and each place that keeps such a token, could come here with it. */
const OWNERS: readonly (readonly [RegExp, string])[] = [
  [
    /^(?:https:\/\/)?kubernetes\.default\.svc(?:\.cluster\.local)?\/?$/,
    "the Kubernetes API server",
  ],
  [/^(?:https:\/\/)?[a-z0-9.-]+\.azmk8s\.io(?::443)?\/?$/, "the API server of an AKS cluster"],
  [/^sts\.amazonaws\.com(?:\.cn)?$/, "AWS STS"],
  [/^pods\.eks\.amazonaws\.com$/, "EKS Pod Identity"],
  [/^api:\/\/AzureADTokenExchange(?:USGov|China)?$/, "Microsoft Entra"],
  [/\.svc\.id\.goog$|^\/\/iam\.googleapis\.com\/|^https:\/\/iam\.googleapis\.com\//, "Google STS"],
  [/^sigstore$/, "Sigstore"],
];

/**
 * @param issuer of the tokens: clusters are themselves the audience of most of theirs
 * @returns who tokens of that audience are for; undefined where nobody is known
 */
export function foreignAudience(audience: string, issuer: string | undefined): string | undefined {
  if (audience === issuer) return "the issuer itself";
  return OWNERS.find(([pattern]) => pattern.test(audience))?.[1];
}
