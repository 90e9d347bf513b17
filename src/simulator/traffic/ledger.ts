/** What users saw of one revision within a short stretch of time. */
export interface UserRecord {
  /** Start and end, in ms since the epoch. */
  readonly from: number;
  readonly until: number;
  /** `family:revision`; empty for requests that the load balancer answered itself. */
  readonly revision: string;
  readonly requests: number;
  /** Answers with 5xx, the load balancer's own among them. */
  readonly errors: number;
  /** Requests that took longer than the scenario calls slow. */
  readonly slow: number;
}

export type UserTotals = Pick<UserRecord, 'requests' | 'errors' | 'slow'>;

/** Which requests to count. */
export interface UserQuery {
  readonly from?: number;
  readonly until?: number;
  readonly revision?: string;
}

/**
 * The exact account of what users really saw, request by request, whatever CloudWatch shows and when.
 * Tests and the demo measure a release by it.
 */
export class UserLedger {
  readonly #records: UserRecord[] = [];

  add(record: UserRecord): void {
    this.#records.push(record);
  }

  /** Records in the order of time. A record counts in a query when it begins within it. */
  records(query: UserQuery = {}): UserRecord[] {
    const { from = Number.NEGATIVE_INFINITY, until = Number.POSITIVE_INFINITY, revision } = query;
    return this.#records.filter(
      (record) =>
        record.from >= from &&
        record.from < until &&
        (revision === undefined || record.revision === revision),
    );
  }

  total(query: UserQuery = {}): UserTotals {
    const sum = { requests: 0, errors: 0, slow: 0 };
    for (const record of this.records(query)) {
      sum.requests += record.requests;
      sum.errors += record.errors;
      sum.slow += record.slow;
    }
    return sum;
  }

  /** Totals by revision, in the order in which revisions first got requests. */
  byRevision(query: UserQuery = {}): Map<string, UserTotals> {
    const revisions = new Set(this.records(query).map((record) => record.revision));
    return new Map([...revisions].map((revision) => [revision, this.total({ ...query, revision })]));
  }
}
