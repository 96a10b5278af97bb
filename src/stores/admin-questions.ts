import { encodeBase64 } from "../encoding/base64.ts";
import { recordFrom, type Answer, type ClaimAdmin, type Question } from "./admin-protocol.ts";

type Unnumbered<T> = T extends unknown ? Omit<T, "id"> : never;
export type NewQuestion = Unnumbered<Question>;

/**
 * The claims of a store that somebody else has, who is asked.
 * @param ask throws a StoreError where there is no answer, or it is that the store failed
 */
export function claimsAsked(
  ask: (question: NewQuestion) => Promise<Answer>,
  close: () => void = () => undefined,
): Required<ClaimAdmin> {
  return {
    async show(key) {
      const { record } = await ask({ op: "show", key });
      return record && recordFrom(record);
    },
    async list() {
      const { records = [] } = await ask({ op: "list" });
      return records.map(recordFrom);
    },
    async assign(key, owner, now, ttl) {
      await ask({ op: "assign", key, owner, now, ttl });
    },
    async release(key, options) {
      // What only requests do is not for operators to ask.
      if (options?.unusedBy !== undefined) throw new TypeError("unusedBy is not for commands");
      const { owner } = options ?? {};
      const { done } = await ask({ op: "release", key, ...(owner !== undefined && { owner }) });
      return done === true;
    },
    async ban(key, now) {
      await ask({ op: "ban", key, now });
    },
    async put(name, value) {
      await ask({ op: "put", name, value: encodeBase64(value) });
    },
    async close() {
      close();
    },
  };
}
