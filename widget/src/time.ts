export const nap = (seconds: number): Promise<void> =>
  new Promise((end) => setTimeout(end, seconds * 1e3));

/** Wait for as long as the hub asked, else longer with each try. */
export function rest(response: Response | void, tries: number): Promise<void> {
  const asked = feature.retryAfter && response?.headers.get("Retry-After");
  // By chance, so that many visitors do not come back at once.
  return nap(+asked! || Math.random() * Math.min(60, 2 ** tries));
}
