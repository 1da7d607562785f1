module mirra.org/mirra

go 1.24
