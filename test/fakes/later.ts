let calls = 0;

/**
 * As over a network: when others have asked too. Every third call in a later turn of the event loop, so that what one
 * caller read may be old when it writes; the rest at once, since a turn is dear where timers are coarse.
 */
export async function later(): Promise<void> {
  if (calls++ % 3 !== 0) return;
  await new Promise((resolve) => {
    setTimeout(resolve, 0);
  });
}
