/** Puts the good frame before it in each other one's place; before the first good one, that. `good`: 1 or 0 a frame. */
export function standIn(frames: Uint8Array, good: Uint8Array, bytes: number): void {
  const first = good.indexOf(1)
  for (let i = 0; i < good.length; i++) {
    if (good[i]) continue
    const from = i < first ? first : i - 1
    frames.copyWithin(i * bytes, from * bytes, (from + 1) * bytes)
  }
}
