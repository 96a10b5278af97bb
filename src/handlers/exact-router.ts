import type { Params, Router } from "hono/router";

type Match<T> = [[T, Params][]];

/**
 * Every path here is a constant, so it is compared whole and as it was sent: no trailing slash, no escape and no
 * pattern is another spelling that a proxy in front would have judged otherwise. But for `/./` and `/../`: a `Request`
 * holds no path that has them, so they are resolved before.
 */
export class ExactRouter<T> implements Router<T> {
  readonly name = "ExactRouter";
  readonly #routes = new Map<string, Match<T>>();
  readonly #none: Match<T> = [[]];

  add(method: string, path: string, handler: T): void {
    this.#routes.set(`${method} ${path}`, [[[handler, {}]]]);
  }

  match(method: string, path: string): Match<T> {
    return this.#routes.get(`${method} ${path}`) ?? this.#none;
  }
}

/** The path of a request's URL as it stands, not decoded. */
export function rawPath({ url }: Pick<Request, "url">): string {
  const start = url.indexOf("/", url.indexOf("://") + 3);
  const end = url.slice(start).search(/[?#]/);
  return end < 0 ? url.slice(start) : url.slice(start, start + end);
}
