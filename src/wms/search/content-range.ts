import type { Page } from './searches.js';

/** Status and Content-Range of a page of a search, as DiracX answers: 200 when it holds everything. */
export function pageHead(
  unit: string,
  { page, per_page }: { page: number; per_page: number },
  { rows, total }: Page,
): { status: 200 | 206 | 416; contentRange?: string } {
  if (rows.length === total) return { status: 200 };
  if (rows.length === 0) return { status: 416, contentRange: `${unit} */${total}` };
  const first = (page - 1) * per_page;
  return { status: 206, contentRange: `${unit} ${first}-${first + rows.length - 1}/${total}` };
}
