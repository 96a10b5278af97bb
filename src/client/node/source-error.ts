/** Evidence could not be had. The message says why and what mends it, and quotes no answer, token or key. */
export class SourceError extends Error {
  override readonly name = "SourceError";
}

/** What was asked for makes no sense, whatever the place. */
export class OptionError extends SourceError {}
