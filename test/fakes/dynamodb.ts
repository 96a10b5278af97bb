import { later } from "./later.ts";

/**
 * As much of DynamoDB as the claim store asks, written from the API reference: one table whose key is `id`, items
 * replaced and removed on a condition on one attribute.
 */
interface Asked {
  readonly TableName: string;
  readonly Key?: { readonly id: { readonly S: string } };
  readonly Item?: { readonly id: { readonly S: string } };
  readonly ConsistentRead?: boolean;
  readonly ConditionExpression?: string;
  readonly ExpressionAttributeNames?: Readonly<Record<string, string>>;
  readonly ExpressionAttributeValues?: Readonly<Record<string, object>>;
}
const AUTHORIZATION =
  /Credential=AKIDEXAMPLE\/\d{8}\/([\w-]+)\/dynamodb\/aws4_request, SignedHeaders=([\w;-]+), Signature=[0-9a-f]{64}$/;
type Item = Readonly<Record<string, object>>;

export class FakeDynamodb {
  readonly items = new Map<string, Item>();
  readonly asked: (Asked & { readonly operation: string })[] = [];
  /** What DescribeTable says beside the rest. */
  description: object = {};
  /** Answers in place of everything; undefined: goes on. */
  fault: (operation: string) => Response | Promise<Response> | undefined = () => undefined;

  readonly fetch = (url: string, init: RequestInit): Promise<Response> =>
    this.handle(new Request(url, init));

  readonly handle = async (request: Request): Promise<Response> => {
    const { headers } = request;
    const [service, operation = ""] = (headers.get("x-amz-target") ?? "").split(".");
    if (service !== "DynamoDB_20120810") return failure("UnknownOperationException");
    const [, region, signed] = AUTHORIZATION.exec(headers.get("authorization") ?? "") ?? [];
    if (region !== "eu-central-1") return failure("InvalidSignatureException");
    if (signed?.includes("x-amz-target") !== true) return failure("IncompleteSignatureException");
    const asked: Asked = await request.json();
    this.asked.push({ ...asked, operation });
    await later();
    return this.fault(operation) ?? this.#perform(operation, asked);
  };

  #perform(operation: string, asked: Asked): Response {
    if (asked.TableName !== "claims") return failure("ResourceNotFoundException");
    if (operation === "DescribeTable")
      return Response.json({ Table: { ...TABLE, ...this.description } });
    const id = (asked.Item ?? asked.Key)?.id.S ?? "";
    const there = this.items.get(id);
    if (operation === "GetItem") {
      if (asked.ConsistentRead !== true) return failure("an eventually consistent read");
      return Response.json(there === undefined ? {} : { Item: there });
    }
    if (!holds(asked, there)) return failure("ConditionalCheckFailedException");
    if (operation === "PutItem" && asked.Item !== undefined) this.items.set(id, { ...asked.Item });
    else if (operation === "DeleteItem") this.items.delete(id);
    else return failure("UnknownOperationException");
    return Response.json({});
  }
}

const TABLE = {
  TableName: "claims",
  TableStatus: "ACTIVE",
  TableArn: "arn:aws:dynamodb:eu-central-1:111122223333:table/claims",
  KeySchema: [{ AttributeName: "id", KeyType: "HASH" }],
};

function holds(asked: Asked, there: Item | undefined): boolean {
  const { ConditionExpression: condition = "", ExpressionAttributeNames: names = {} } = asked;
  const name = (alias = ""): string => names[alias] ?? "";
  const [, absent] = /^attribute_not_exists\((#\w+)\)$/.exec(condition) ?? [];
  if (absent !== undefined) return there?.[name(absent)] === undefined;
  const [, attribute, value = ""] = /^(#\w+) = (:\w+)$/.exec(condition) ?? [];
  if (attribute === undefined) throw new Error(`not understood: ${condition}`);
  const stored = there?.[name(attribute)];
  return JSON.stringify(stored) === JSON.stringify(asked.ExpressionAttributeValues?.[value]);
}

/** As DynamoDB names its failures; always 400. */
export function failure(type: string): Response {
  const body = {
    __type: `com.amazonaws.dynamodb.v20120810#${type}`,
    message: "the secret is hunter2",
  };
  return Response.json(body, { status: 400 });
}
