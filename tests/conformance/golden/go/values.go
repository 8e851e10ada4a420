package main

import (
	"encoding/json"
	"strconv"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/duration"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// runQuantities parses a quantity and returns its properties, or calculates with one or two.
func runQuantities(input []byte) any {
	in := read[struct {
		Op    string `json:"op"`
		A     string `json:"a"`
		B     string `json:"b"`
		N     int64  `json:"n"`
		Scale int32  `json:"scale"`
		JSON  string `json:"json"`
	}](input)
	if in.Op == "json" {
		var quantity resource.Quantity
		if err := quantity.UnmarshalJSON([]byte(in.JSON)); err != nil {
			return refused
		}
		return quantity.String()
	}
	if in.Op == "scaled" {
		return resource.NewScaledQuantity(in.N, resource.Scale(in.Scale)).String()
	}
	a, err := resource.ParseQuantity(in.A)
	if err != nil {
		return refused
	}
	if in.Op == "parse" {
		return quantityFacts(a)
	}
	if in.Op == "neg" {
		a.Neg()
		return a.String()
	}
	if in.Op == "round" {
		a.RoundUp(resource.Scale(in.Scale))
		return a.String()
	}
	if in.Op == "scaled_value" {
		return decimal(a.ScaledValue(resource.Scale(in.Scale)))
	}
	if in.Op == "mul" {
		a.Mul(in.N)
		return a.String()
	}
	b, err := resource.ParseQuantity(in.B)
	if err != nil {
		return refused
	}
	switch in.Op {
	case "add":
		a.Add(b)
		return a.String()
	case "sub":
		a.Sub(b)
		return a.String()
	case "cmp":
		return object{"cmp": a.Cmp(b), "equal": a.Equal(b)}
	}
	return unknown(in.Op)
}

func quantityFacts(quantity resource.Quantity) object {
	bare := quantity.DeepCopy()
	canonical, suffix := bare.CanonicalizeBytes(nil)
	return object{
		"text":      quantity.String(),
		"canonical": string(canonical) + string(suffix),
		"format":    string(quantity.Format),
		"sign":      quantity.Sign(),
		"value":     decimal(quantity.Value()),
		"milli":     decimal(quantity.MilliValue()),
	}
}

// decimal writes integers as text: not every reader of JSON keeps 64 bits.
func decimal(number int64) string { return strconv.FormatInt(number, 10) }

// runTimes reads a Time, MicroTime or Duration, or writes an age.
func runTimes(input []byte) any {
	in := read[struct {
		Op   string `json:"op"`
		Text string `json:"text"`
		Nano int64  `json:"nano"`
	}](input)
	quoted, err := json.Marshal(in.Text)
	must(err)
	switch in.Op {
	case "time":
		var value metav1.Time
		return rewritten(value.UnmarshalJSON(quoted), &value)
	case "micro":
		var value metav1.MicroTime
		return rewritten(value.UnmarshalJSON(quoted), &value)
	case "duration":
		var value metav1.Duration
		if err := value.UnmarshalJSON(quoted); err != nil {
			return refused
		}
		return object{"text": value.Duration.String(), "nano": decimal(value.Duration.Nanoseconds())}
	case "format":
		return time.Duration(in.Nano).String()
	case "age":
		age := time.Duration(in.Nano)
		return object{"long": duration.HumanDuration(age), "short": duration.ShortHumanDuration(age)}
	}
	return unknown(in.Op)
}

func rewritten(err error, value json.Marshaler) any {
	if err != nil {
		return refused
	}
	text, err := value.MarshalJSON()
	if err != nil {
		return object{"unwritable": true}
	}
	return json.RawMessage(text)
}

// runIntOrString reads an IntOrString from JSON or from text, or takes a share of a total.
func runIntOrString(input []byte) any {
	in := read[struct {
		Op      string `json:"op"`
		JSON    string `json:"json"`
		Text    string `json:"text"`
		Total   int    `json:"total"`
		RoundUp bool   `json:"round_up"`
	}](input)
	if in.Op == "parse" {
		return described(intstr.Parse(in.Text))
	}
	var value intstr.IntOrString
	if err := value.UnmarshalJSON([]byte(in.JSON)); err != nil {
		return refused
	}
	switch in.Op {
	case "json":
		return described(value)
	case "scaled":
		share, err := intstr.GetScaledValueFromIntOrPercent(&value, in.Total, in.RoundUp)
		if err != nil {
			return refused
		}
		return share
	}
	return unknown(in.Op)
}

func described(value intstr.IntOrString) any {
	written, err := value.MarshalJSON()
	if err != nil {
		return object{"unwritable": true}
	}
	return object{"written": json.RawMessage(written), "number": value.IntValue()}
}
