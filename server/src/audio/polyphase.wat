;; The inner loop of every rate conversion: rows of 16-bit taps against a line of 16-bit samples, eight products at a
;; time (WebAssembly SIMD). All sums are exact integers, so that the plain loop in kernel.ts gives the same bits.
;; After a change: npm run build:kernel
(module
  ;; Where the line of input samples starts and where the output goes: kernel.ts lays out the memory.
  (global $line (import "layout" "line") i32)
  (global $out (import "layout" "out") i32)

  (memory (export "memory") 1)

  ;; $conversion is the address of six 32-bit integers: phases, whole step, phase step, bytes of a row, shift, address of
  ;; the rows. $position is the time of the first output, counted in phases from the first new sample.
  (func (export "polyphase") (param $conversion i32) (param $position i32) (param $outputs i32)
    (local $phases i32) (local $wholeStep i32) (local $phaseStep i32) (local $rowBytes i32) (local $shift i32)
    (local $rows i32) (local $phase i32) (local $window i32) (local $to i32) (local $end i32)
    (local $row i32) (local $rowEnd i32) (local $at i32) (local $sum v128) (local $half v128)

    (local.set $phases (i32.load (local.get $conversion)))
    (local.set $wholeStep (i32.shl (i32.load offset=4 (local.get $conversion)) (i32.const 1)))
    (local.set $phaseStep (i32.load offset=8 (local.get $conversion)))
    (local.set $rowBytes (i32.load offset=12 (local.get $conversion)))
    (local.set $shift (i32.load offset=16 (local.get $conversion)))
    (local.set $rows (i32.load offset=20 (local.get $conversion)))

    (local.set $phase (i32.rem_u (local.get $position) (local.get $phases)))
    (local.set $window (i32.add (global.get $line)
      (i32.shl (i32.div_u (local.get $position) (local.get $phases)) (i32.const 1))))
    (local.set $half (i32x4.splat (i32.shl (i32.const 1) (i32.sub (local.get $shift) (i32.const 1)))))
    (local.set $to (global.get $out))
    (local.set $end (i32.add (local.get $to) (i32.shl (local.get $outputs) (i32.const 1))))

    (block $done
      (loop $nextOutput
        (br_if $done (i32.ge_u (local.get $to) (local.get $end)))
        (local.set $row (i32.add (local.get $rows) (i32.mul (local.get $phase) (local.get $rowBytes))))
        (local.set $rowEnd (i32.add (local.get $row) (local.get $rowBytes)))
        (local.set $at (local.get $window))
        (local.set $sum (v128.const i32x4 0 0 0 0))
        (loop $nextEight
          (local.set $sum (i32x4.add (local.get $sum)
            (i32x4.dot_i16x8_s (v128.load align=2 (local.get $at)) (v128.load (local.get $row)))))
          (local.set $at (i32.add (local.get $at) (i32.const 16)))
          (local.set $row (i32.add (local.get $row) (i32.const 16)))
          (br_if $nextEight (i32.lt_u (local.get $row) (local.get $rowEnd))))

        ;; The four partial sums into one, rounded, scaled, saturated to 16 bits.
        (local.set $sum (i32x4.add (local.get $sum)
          (i8x16.shuffle 8 9 10 11 12 13 14 15 0 1 2 3 4 5 6 7 (local.get $sum) (local.get $sum))))
        (local.set $sum (i32x4.add (local.get $sum)
          (i8x16.shuffle 4 5 6 7 0 1 2 3 12 13 14 15 8 9 10 11 (local.get $sum) (local.get $sum))))
        (local.set $sum (i32x4.shr_s (i32x4.add (local.get $sum) (local.get $half)) (local.get $shift)))
        (v128.store16_lane 0 (local.get $to) (i16x8.narrow_i32x4_s (local.get $sum) (local.get $sum)))

        (local.set $to (i32.add (local.get $to) (i32.const 2)))
        (local.set $window (i32.add (local.get $window) (local.get $wholeStep)))
        (local.set $phase (i32.add (local.get $phase) (local.get $phaseStep)))
        (if (i32.ge_u (local.get $phase) (local.get $phases))
          (then
            (local.set $phase (i32.sub (local.get $phase) (local.get $phases)))
            (local.set $window (i32.add (local.get $window) (i32.const 2)))))
        (br $nextOutput)))))
