import { decodeBase64 } from "../encoding/base64.ts";
import type { ClaimAdmin, Question } from "./admin-protocol.ts";
import { StoreError } from "./store-error.ts";

/** What is answered to an operator's question, as JSON holds it: also that the store failed. */
export async function answerTo(
  question: Question,
  store: Omit<ClaimAdmin, "close">,
): Promise<unknown> {
  const { id } = question;
  try {
    return { id, ...(await perform(question, store)) };
  } catch (error) {
    const known = error instanceof StoreError;
    const [code, message] = known
      ? [error.code, error.message]
      : ["unavailable", "the store failed"];
    return { id, error: { code, message } };
  }
}

async function perform(question: Question, store: Omit<ClaimAdmin, "close">): Promise<object> {
  switch (question.op) {
    case "show":
      return { record: await store.show(question.key) };
    case "list":
      return { records: await store.list?.() };
    case "assign":
      await store.assign(question.key, question.owner, question.now, question.ttl);
      return { done: true };
    case "ban":
      await store.ban(question.key, question.now);
      return { done: true };
    case "put": {
      const value = decodeBase64(question.value);
      if (!value.ok) throw new StoreError("refused", "the value is not base64");
      await store.put(question.name, value.value);
      return { done: true };
    }
    case "release":
      break;
  }
  const { key, owner } = question;
  return { done: await store.release(key, owner === undefined ? {} : { owner }) };
}
