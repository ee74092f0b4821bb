/** Who sets and takes back the statuses that no person set. */
export const watchAuthor = 'black-hole watch';
