// Answers lines "RULES SECONDS" like evaluate.cs, with Casbin: the same rules as RBAC with networks, and the rule that
// decided given back (EnforceEx).
package main

import (
	"bufio"
	"fmt"
	"math/rand"
	"os"
	"sort"
	"time"

	"github.com/casbin/casbin"
	"github.com/casbin/casbin/model"
)

const text = `
[request_definition]
r = sub, dst, tool, port
[policy_definition]
p = sub, dst, tool, first, last
[role_definition]
g = _, _
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = g(r.sub, p.sub) && ipMatch(r.dst, p.dst) && r.tool == p.tool && inside(r.port, p.first, p.last)
`

func network(at int) string {
	n := at * 64
	return fmt.Sprintf("10.%d.%d.%d", n>>16&255, n>>8&255, n&255)
}

func build(rules int) *casbin.Enforcer {
	m, err := model.NewModelFromString(text)
	if err != nil {
		panic(err)
	}
	e, err := casbin.NewEnforcer(m)
	if err != nil {
		panic(err)
	}
	e.EnableLog(false)
	e.AddFunction("inside", func(args ...interface{}) (interface{}, error) {
		var port, first, last int
		fmt.Sscan(args[0].(string), &port)
		fmt.Sscan(args[1].(string), &first)
		fmt.Sscan(args[2].(string), &last)
		return first <= port && port <= last, nil
	})
	ps, gs := [][]string{}, [][]string{}
	for at := 0; at < rules; at++ {
		ps = append(ps, []string{fmt.Sprintf("role-%d", at), network(at) + "/26", "nmap", "1", "1024"})
		gs = append(gs, []string{fmt.Sprintf("user-%d", at), fmt.Sprintf("role-%d", at)})
	}
	e.AddPolicies(ps)
	e.AddGroupingPolicies(gs)
	return e
}

func main() {
	arms := map[int]*casbin.Enforcer{}
	in := bufio.NewScanner(os.Stdin)
	for in.Scan() {
		var rules int
		var seconds float64
		fmt.Sscan(in.Text(), &rules, &seconds)
		e := arms[rules]
		if e == nil {
			e = build(rules)
			arms[rules] = e
		}
		random := rand.New(rand.NewSource(7))
		times := []int64{}
		begun := time.Now()
		allowed := 0
		for time.Since(begun).Seconds() < seconds || len(times) < 4 {
			at := random.Intn(rules)
			port := "443"
			if len(times)%2 == 1 {
				port = "8443"
			}
			start := time.Now()
			ok, _, err := e.EnforceEx(fmt.Sprintf("user-%d", at), network(at), "nmap", port)
			times = append(times, time.Since(start).Nanoseconds())
			if err != nil {
				panic(err)
			}
			if ok {
				allowed++
			}
		}
		if allowed*10 < len(times)*4 || allowed*10 > len(times)*6 {
			panic("half should be allowed")
		}
		rate := float64(len(times)) / time.Since(begun).Seconds()
		sort.Slice(times, func(i, j int) bool { return times[i] < times[j] })
		fmt.Printf("%.0f %d\n", rate, times[len(times)/2])
	}
}
