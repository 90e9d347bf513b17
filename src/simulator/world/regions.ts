/** What a service keeps apart for each account and region, made when it is first asked for. */
export class Regions<T> {
  readonly #make: (accountId: string, region: string) => T;
  readonly #made = new Map<string, T>();

  constructor(make: (accountId: string, region: string) => T) {
    this.#make = make;
  }

  in(accountId: string, region: string): T {
    const key = `${accountId}/${region}`;
    const found = this.#made.get(key) ?? this.#make(accountId, region);
    this.#made.set(key, found);
    return found;
  }
}
