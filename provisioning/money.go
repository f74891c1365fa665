// SPDX-License-Identifier: Apache-2.0

package provisioning

import (
	"fmt"
	"strconv"
	"strings"
)

// moneyScale is the number of Money units in one unit of currency. Providers
// write charges with four decimals, so cents would be too coarse.
const moneyScale = 10_000

// Money is an amount in units of 1/10000 of a currency, for example 78800 for
// 7.8800 USD. The zero value is "no amount".
type Money struct {
	Units    int64
	Currency string // ISO 4217, for example "USD"
}

// ParseMoney reads a decimal such as "7.88", "908.1600" or "-1". It accepts at
// most four decimals and no thousands separators.
func ParseMoney(amount, currency string) (Money, error) {
	text := strings.TrimSpace(amount)
	negative := strings.HasPrefix(text, "-")
	whole, fraction, dotted := strings.Cut(strings.TrimPrefix(text, "-"), ".")
	if !digits(whole) || len(whole) > 12 || dotted && (!digits(fraction) || len(fraction) > 4) {
		return Money{}, fmt.Errorf("%q is not an amount of money", amount)
	}
	units, err := strconv.ParseInt(whole+(fraction + "0000")[:4], 10, 64)
	if err != nil {
		return Money{}, fmt.Errorf("%q is not an amount of money", amount)
	}
	if negative {
		units = -units
	}
	return Money{Units: units, Currency: currency}, nil
}

// String writes the amount with four decimals and without the currency.
func (m Money) String() string {
	sign, units := "", m.Units
	if units < 0 {
		sign, units = "-", -units
	}
	return fmt.Sprintf("%s%d.%04d", sign, units/moneyScale, units%moneyScale)
}

// exceeds tells whether an amount is above another of the same currency.
func (m Money) exceeds(other Money) bool {
	return m.Currency == other.Currency && m.Units > other.Units
}

func (m Money) times(n int) Money {
	m.Units *= int64(n)
	return m
}

// minus is the difference of two amounts of the same currency.
func (m Money) minus(other Money) Money {
	m.Units -= other.Units
	return m
}

// IsZero tells whether there is no amount at all.
func (m Money) IsZero() bool { return m == Money{} }

func digits(s string) bool {
	for _, r := range s {
		if r < '0' || r > '9' {
			return false
		}
	}
	return s != ""
}
