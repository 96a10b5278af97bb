import type { AttestorDefinition } from "./attestor.ts";
import { awsIid } from "./aws/iid.ts";
import { azureMsi } from "./azure/msi.ts";
import { gcpIit } from "./gcp/iit.ts";
import { oidc } from "./oidc/oidc.ts";

/** Every evidence type that runs anywhere, one line each: all that the rest of svidmint knows of it. */
export const portableAttestors: readonly AttestorDefinition[] = [awsIid, azureMsi, gcpIit, oidc];
