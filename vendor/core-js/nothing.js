/* Everything that core-js 2 would add is in Node 20. */
