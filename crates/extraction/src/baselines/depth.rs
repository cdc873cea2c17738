//! Depth: how deep the similarity of what is said before and after lies below the peaks on both sides (Hearst 1997).

/// The mean over each value and its `reach` neighbours on either side.
pub fn smoothed(values: &[f64], reach: usize) -> Vec<f64> {
    let window = |i: usize| &values[i.saturating_sub(reach)..(i + reach + 1).min(values.len())];
    (0..values.len()).map(|i| window(i).iter().sum::<f64>() / window(i).len() as f64).collect()
}

/// For each gap, how far the similarity climbs to the nearest peak on the left and on the right, in sum.
pub fn depths(similar: &[f64]) -> Vec<f64> {
    let climb = |values: &mut dyn Iterator<Item = f64>, from: f64| {
        let mut peak = from;
        for value in values {
            if value < peak {
                break;
            }
            peak = value;
        }
        peak - from
    };
    let depth = |(i, here): (usize, &f64)| {
        climb(&mut similar[..i].iter().rev().copied(), *here) + climb(&mut similar[i + 1..].iter().copied(), *here)
    };
    similar.iter().enumerate().map(depth).collect()
}

/// Indices of the gaps deeper than mean + `cutoff` standard deviations, the deepest first to be taken and none nearer
/// than `apart` to one that is, by the places of the gaps; in order.
pub fn valleys(depths: &[f64], cutoff: f64, apart: f64, place: impl Fn(usize) -> f64) -> Vec<usize> {
    let n = depths.len().max(1) as f64;
    let mean = depths.iter().sum::<f64>() / n;
    let deviation = (depths.iter().map(|d| (d - mean).powi(2)).sum::<f64>() / n).sqrt();
    let mut deep: Vec<usize> =
        (0..depths.len()).filter(|i| depths[*i] > 1e-9 && depths[*i] > mean + cutoff * deviation).collect();
    deep.sort_by(|a, b| depths[*b].total_cmp(&depths[*a]));
    let mut taken: Vec<usize> = Vec::new();
    for gap in deep {
        if taken.iter().all(|other| (place(gap) - place(*other)).abs() >= apart) {
            taken.push(gap);
        }
    }
    taken.sort_unstable();
    taken
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_is_measured_from_the_peaks_on_both_sides() {
        let close = |a: Vec<f64>, b: &[f64]| assert!(a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-9), "{a:?}");
        close(depths(&[0.5, 0.9, 0.2, 0.4, 0.3, 0.8]), &[0.4, 0.0, 0.9, 0.0, 0.6, 0.0]);
        close(smoothed(&[0.0, 3.0, 6.0], 1), &[1.5, 3.0, 4.5]);
    }

    #[test]
    fn the_deeper_of_two_near_valleys_is_taken() {
        let found = valleys(&[0.0, 0.8, 0.9, 0.0, 0.0, 0.7], -0.5, 2.0, |i| i as f64);
        assert_eq!(found, [2, 5]);
    }
}
