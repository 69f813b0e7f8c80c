/** How many lines the lists of this page show, and after how many seconds they are asked for again. */

export const COUNT = 10;
export const SECONDS = 15;
