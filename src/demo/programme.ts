/**
 * Plays several stories at once and prints them one after the other: the first one that has not ended live, those
 * after it when their turn comes.
 *
 * @param play plays the item and tells it line by line
 * @param atOnce how many are played at the same time
 */
export async function inOrder<Item, Result>(
  items: readonly Item[],
  play: (item: Item, index: number, tell: (line: string) => void) => Promise<Result>,
  print: (line: string) => void,
  atOnce: number,
): Promise<Result[]> {
  const told = items.map((): string[] => []);
  const ended = items.map(() => false);
  const results: Result[] = [];
  let turn = 0;
  let next = 0;
  const catchUp = (): void => {
    for (; turn < items.length; turn++) {
      for (const line of told[turn]?.splice(0) ?? []) print(line);
      if (!ended[turn]) return;
    }
  };
  const worker = async (): Promise<void> => {
    for (let item = items[next]; item !== undefined; item = items[next]) {
      const index = next++;
      results[index] = await play(item, index, (line) => {
        told[index]?.push(line);
        if (index === turn) catchUp();
      });
      ended[index] = true;
      catchUp();
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker));
  return results;
}
