/**
 * The name somebody probably meant: the one that takes the fewest insertions, removals, replacements and swaps of neighbours (optimal string alignment),
 * at most a third of its length.
 */
export function nearestName(wrong: string, names: readonly string[]): string | undefined {
  const plain = wrong.toLowerCase().replaceAll("-", "_");
  let best: { name: string; distance: number } | undefined;
  for (const name of names) {
    const distance = editDistance(plain, name.toLowerCase());
    if (distance <= Math.max(1, Math.floor(Math.max(name.length, wrong.length) / 3)) && (best === undefined || distance < best.distance))
      best = { name, distance };
  }
  // bindAddress, bind: what is left out or written together is still recognised.
  return (
    best?.name ??
    names.find((name) => name.replaceAll("_", "") === plain.replaceAll("_", "")) ??
    names.find((name) => plain.length >= 3 && name.startsWith(plain))
  );
}

export function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let distance = Math.min(previous[j]! + 1, row[j - 1]! + 1, previous[j - 1]! + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) distance = Math.min(distance, before[j - 2]! + 1);
      row.push(distance);
    }
    before = previous;
    previous = row;
  }
  return previous[b.length]!;
}
