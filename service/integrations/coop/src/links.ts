const REPOSITORY = "https://github.com/tocsin/tocsin";

export const DOCS = `${REPOSITORY}/blob/main/docs/compatibility.md#roost-coop`;
export const CARD = `${REPOSITORY}/blob/main/model/README.md`;
