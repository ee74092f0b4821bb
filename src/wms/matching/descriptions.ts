import { JobDescription } from '../../contract/index.js';
import { BatchLane, Database } from '../../platform/index.js';
import { keepText } from './claim-text.js';

/** A description that jobs share. */
export interface KnownDescription {
  description: JobDescription;
  /** Nothing in it depends on the job: each of its jobs has this very object. */
  isFixed: boolean;
  /** Characters of its text. */
  size: number;
}

const largestCache = 16 * 1024 * 1024;

/** The descriptions of jobs, those that were used last in memory. */
export class Descriptions {
  private readonly known = new Map<number, KnownDescription>();
  private size = 0;
  private readonly documents: BatchLane<number[], Map<number, string>>;

  /** `largest`: so many characters of descriptions are remembered. */
  constructor(
    private readonly database: Database,
    private readonly largest = largestCache,
  ) {
    this.documents = new BatchLane((lists) => this.read(lists), { largest: 200, lanes: 2 });
  }

  /** Those with these ids that exist. The map is the caller's own: what is remembered changes with every call. */
  async find(ids: readonly number[]): Promise<Map<number, KnownDescription>> {
    const wanted = new Map<number, KnownDescription>();
    const missing = new Set<number>();
    for (const id of ids) {
      const known = wanted.get(id) ?? this.recall(id);
      if (known === undefined) missing.add(id);
      else wanted.set(id, known);
    }
    if (missing.size === 0) return wanted;
    const documents = await this.documents.add([...missing]);
    for (const id of missing) {
      const document = documents.get(id);
      if (document === undefined) continue;
      const known = this.recall(id) ?? knownOf(document);
      wanted.set(id, known);
      this.remember(id, known);
    }
    return wanted;
  }

  private recall(id: number): KnownDescription | undefined {
    const known = this.known.get(id);
    if (known === undefined) return undefined;
    this.known.delete(id);
    this.known.set(id, known);
    return known;
  }

  private remember(id: number, known: KnownDescription): void {
    if (!this.known.has(id)) this.size += known.size;
    this.known.set(id, known);
    for (const [oldest, { size }] of this.known) {
      if (this.size <= this.largest) break;
      this.known.delete(oldest);
      this.size -= size;
    }
  }

  /** The descriptions that several claims of a batch want, by one statement. */
  private async read(lists: number[][]): Promise<{ ok: Map<number, string> }[]> {
    const rows = await this.database.query<{ description_id: number; document: string }>(
      'SELECT description_id, document FROM job_descriptions WHERE description_id IN (?)',
      [[...new Set(lists.flat())]],
    );
    const documents = new Map(rows.map(({ description_id, document }) => [description_id, document]));
    return lists.map(() => ({ ok: documents }));
  }
}

function knownOf(document: string): KnownDescription {
  const description = JobDescription.parse(JSON.parse(document));
  // Without a percent sign there is no placeholder.
  const isFixed = !document.includes('%');
  if (!isFixed) return { description, isFixed, size: document.length };
  const { parametric: _, ...plain } = description;
  return { description: plain, isFixed, size: document.length + keepText(plain) };
}
