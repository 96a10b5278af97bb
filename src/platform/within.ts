/** Waits for an answer no longer than this; what comes later is nobody's. @throws what `late` makes */
export async function within<T>(
  answer: Promise<T>,
  timeoutMs: number,
  late: () => Error,
): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | null = null;
  const end = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(late()), timeoutMs);
  });
  try {
    return await Promise.race([answer, end]);
  } finally {
    if (timer !== null) clearTimeout(timer);
  }
}
