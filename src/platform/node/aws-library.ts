/** Of AWS's library, what the bundle has as a file beside it. */
export { fromIni } from "@aws-sdk/credential-provider-ini";
