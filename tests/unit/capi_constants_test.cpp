// The numeric value of every constant of the C headers.
