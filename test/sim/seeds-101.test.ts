import { seedTests } from "./seed-tests.ts";

seedTests({ first: 101, count: 100 });
