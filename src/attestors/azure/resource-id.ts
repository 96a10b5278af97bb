import { fail, ok, type Result } from "../../result.ts";

/** An Azure resource, lower case throughout: Azure itself varies the case of one and the same name. */
export interface AzureResource {
  /** The whole id. */
  readonly id: string;
  readonly subscription: string;
  readonly resourceGroup: string;
  /** `microsoft.compute/virtualmachines`; of a child, `microsoft.web/sites/slots`. */
  readonly type: string;
  /** Of a child: both names, `site/slot`. */
  readonly name: string;
}

export const USER_ASSIGNED = "microsoft.managedidentity/userassignedidentities";

/** What may carry a managed identity and runs the customer's code; user-assigned identities stand beside them. */
const WORKLOADS: ReadonlySet<string> = new Set([
  "microsoft.compute/virtualmachines",
  "microsoft.compute/virtualmachinescalesets",
  "microsoft.compute/virtualmachinescalesets/virtualmachines",
  "microsoft.web/sites",
  "microsoft.web/sites/slots",
  "microsoft.app/containerapps",
  "microsoft.app/jobs",
  "microsoft.containerinstance/containergroups",
]);

const UUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/;
/** Names of groups and resources, but for letters beyond ASCII: lower-casing those can make two names one. */
const NAME = /^(?!\.{1,2}$)[a-z0-9_.()-]{1,260}$/;
const MAX_CHARACTERS = 1024;

export function isUuid(text: string): boolean {
  return UUID.test(text);
}

/**
 * Reads a resource id segment by segment, so that no name can pass for another part: a web app called
 * `x/virtualMachines/y` or a group called `providers` are what they are.
 * @returns `claim_value` for anything but a listed kind of resource
 */
export function parseResourceId(text: string): Result<AzureResource> {
  if (text.length > MAX_CHARACTERS) return fail("claim_value", "resource id too long");
  const id = text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
  const [root, subscriptions, subscription = "", groups, resourceGroup = "", providers, ...rest] =
    id.split("/");
  if (
    root !== "" ||
    subscriptions !== "subscriptions" ||
    groups !== "resourcegroups" ||
    providers !== "providers"
  )
    return fail("claim_value", "not a resource id");
  if (!isUuid(subscription) || !NAME.test(resourceGroup))
    return fail("claim_value", "subscription or resource group");
  const [namespace = "", kind = "", name = "", childKind, childName] = rest;
  const isChild = rest.length === 5;
  if (
    !(rest.length === 3 || isChild) ||
    !NAME.test(name) ||
    (isChild && !NAME.test(childName ?? ""))
  )
    return fail("claim_value", "resource name");
  const type = isChild ? `${namespace}/${kind}/${childKind}` : `${namespace}/${kind}`;
  if (!WORKLOADS.has(type) && type !== USER_ASSIGNED)
    return fail("not_a_workload", "kind of resource");
  return ok({
    id,
    subscription,
    resourceGroup,
    type,
    name: isChild ? `${name}/${childName}` : name,
  });
}
