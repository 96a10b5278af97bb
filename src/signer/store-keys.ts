import { encodeBase64 } from "../encoding/base64.ts";
import { spkiOf } from "../encoding/public-key.ts";
import { byUse, type SvidUse } from "./algorithms.ts";
import { settingsOf } from "./definitions.ts";
import type { KeyMaterial, KeysByUse } from "./key-set.ts";
import { modeOf, type KeysConfig } from "./keys-schema.ts";
import { timelineEntries } from "./load-keys.ts";
import type { StoredKey, StoredKeys } from "./stored-keys.ts";

/** @param keys those of `config` that are still to be published, as `readConfiguredKeys` found them good */
export function storeKeys(config: KeysConfig, keys: KeysByUse): StoredKeys {
  const store = (use: SvidUse): readonly StoredKey[] => {
    const entries = config[use] ?? [];
    const timelines = timelineEntries(entries);
    return entries.flatMap((entry, index) => {
      const { id, algorithm, backend } = entry;
      const timeline = timelines[index];
      const material = keys[use].find((key) => key.life.id === id);
      if (timeline === undefined) return [];
      return {
        timeline,
        ...(algorithm && { algorithm }),
        backend,
        mode: modeOf(entry, use),
        settings: settingsOf(entry),
        ...(material && publicHalf(material)),
      };
    });
  };
  return byUse(store);
}

function publicHalf({ info, issuer }: KeyMaterial): Pick<StoredKey, "publicKey" | "certificate"> {
  const publicKey = encodeBase64(spkiOf(info));
  if (issuer === undefined) return { publicKey };
  const { raw, subject, notBefore, notAfter } = issuer.certificate;
  return {
    publicKey,
    certificate: {
      raw: encodeBase64(raw),
      subject: encodeBase64(subject.raw),
      subjectKeyId: encodeBase64(issuer.keyId),
      notBefore,
      notAfter,
    },
  };
}
