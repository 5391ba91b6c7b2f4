import { seedTests } from "./seed-tests.ts";

seedTests({ first: 1, count: 100 });
