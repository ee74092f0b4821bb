/** Something wrong, with its path still in parts. */
export interface Finding {
  path: string[];
  message: string;
}
