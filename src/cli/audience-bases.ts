import { UsageError } from "./errors.ts";
export async function issuerUrl(config?: string): Promise<string> {
  return "http://127.0.0.1:8443";
}
export async function audienceBases(
  issuer?: string,
  config?: string,
): Promise<{ evidence: string; base: string }[]> {
  return [{ evidence: "", base: issuer ?? "http://127.0.0.1:8443" }];
}
