/** Requests that are being answered. Whoever asked may have gone away: no connection tells of them then. */
export class UnderWay {
  #count = 0;
  #none = (): void => {};

  begin(): void {
    this.#count++;
  }

  end(): void {
    if (--this.#count === 0) this.#none();
  }

  /** Resolves when there is none, or after so many milliseconds. */
  async over(ms: number): Promise<void> {
    if (this.#count === 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#none = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
