/** What goes wrong at a registry's endpoint, and for which requests. */
export interface RegistryFault {
  /** Only requests with this method. */
  readonly method?: string;
  /** Only requests whose path and query fit. */
  readonly path?: RegExp;
  /** How many requests it strikes; 1 if not given. */
  readonly times?: number;
  /**
   * - `status`: an error with `status`, 500 if not given; nothing happens
   * - `cut`: the connection breaks in the middle of the content that is sent or fetched
   * - `lost-answer`: the request takes effect, then the connection breaks
   * - `unauthorized`: 401, whatever the credentials are; nothing happens
   * - `slow`: the answer comes `ms` later by the simulator's clock, 5 s if not given
   */
  readonly how: 'status' | 'cut' | 'lost-answer' | 'unauthorized' | 'slow';
  readonly status?: number;
  readonly ms?: number;
}

/** Decides which fault strikes which request. */
export interface RegistryFaults {
  add(fault: RegistryFault): void;
  /** Forgets all faults. */
  clear(): void;
  /** The first fault that fits and has not struck as often as it should. */
  strike(method: string, path: string): RegistryFault | undefined;
}

export function createRegistryFaults(): RegistryFaults {
  let plan: { readonly fault: RegistryFault; left: number }[] = [];
  return {
    add: (fault) => void plan.push({ fault, left: fault.times ?? 1 }),
    clear: () => {
      plan = [];
    },
    strike(method, path) {
      const due = plan.find(
        ({ fault, left }) =>
          left > 0 &&
          (fault.method === undefined || fault.method === method) &&
          (fault.path === undefined || path.search(fault.path) >= 0),
      );
      if (due) due.left -= 1;
      return due?.fault;
    },
  };
}
