export { pageHead } from './content-range.js';
export { type Column, type Condition, type Counters, printValue, type Searchable } from './searchable.js';
export { SearchTurns } from './search-turns.js';
export { type Page, Searches, type Stretch } from './searches.js';
