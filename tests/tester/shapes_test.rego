# Tests of every shape: cases by hand, names of all kinds, values that say nothing.
package p

test_manual[note] if {
	some note, x in {"a": 1, "b": 2}
	internal.test_case([note])
	x == 1
}
test_deep[x][y].z[w] if { some x in ["a"]; some y in ["b", "c"]; some w in [1, true, null, [1], {"k": 1}]; y == "b" }
test_obj[{"a": x}] if { some x in [1, 2]; x == 1 }
test_set[{x, 1}] := true if { some x in [1, 2] }
test_val[x] := v if { some x, v in {"n": null, "t": true, "f": false, "o": {"i": true, "j": false}, "s": "x"} }
test_num[x] if { x := 1.0 }
test_const["a"] := false
test_const["b"] := true
test_expr[concat("-", [a, b])] if { some a in ["x", "y"]; b := "z"; a == "x" }
test_arg[tc.n + 1] if { some tc in [{"n": 1}, {"n": 2}]; tc.n == 1 }
test_none[x] if { some x in []; true }
test_conf[x] := y if { some x in ["a"]; some y in [1, 2] }
test_after[note] if { some tc in [{"note": "q", "x": 1}]; note := tc.note; tc.x == 2 }
test_and if { print("x") ; true }
test_with if { x with input as 3 }
x if { print(input); input == 3 }
test_undef_with if { x with input.foo as data.nope }
test_multi.a if true
test_multi.b if false
