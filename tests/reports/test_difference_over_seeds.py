"""The interval behind every verdict: worked out by hand, against scikit's of one seed, and simulated for its errors."""

import numpy as np
import pytest
from scipy.stats import t, ttest_ind

from arttl.runs.metrics import difference_over_seeds, paired_difference

DIFFICULTY = 4  # parameters of the beta distribution of an image's chance to be judged right add up to it


def simulated(images, seeds, deviation, better=0.0, accuracy=0.75, alike=True, repetitions=1000):
    """Two ways of equal accuracy but for `better`: right or not, two arrays (repetitions, images, seeds).

    Every network departs from its way's accuracy by a normal deviation of its own. `alike`: images are as hard for
    either way, which many differ in; otherwise each way has images of its own that all of its networks find hard.
    """
    draw = np.random.default_rng([images, seeds, round(1e4 * deviation), alike])
    ease = DIFFICULTY * np.array([accuracy, 1 - accuracy])
    chance = [draw.beta(*ease, (repetitions, images, 1))]
    chance.append(chance[0] if alike else draw.beta(*ease, (repetitions, images, 1)))
    first, second = draw.normal(0, deviation, (2, repetitions, 1, seeds))
    chance = chance[0] + better + first, chance[1] + second
    return [draw.random((repetitions, images, seeds), dtype="float32") < each for each in chance]


def decided(first, second):
    """Share of repetitions whose interval does not hold zero."""
    _, low, high = difference_over_seeds(first, second)
    return ((low > 0) | (high < 0)).mean()


@pytest.mark.slow
@pytest.mark.parametrize("seeds", [3, 4])
@pytest.mark.parametrize("images", [100, 389, 1000])
def test_of_ways_that_are_equal_at_most_seven_of_a_hundred_are_told_apart(images, seeds):
    rates = {
        (deviation, alike): decided(*simulated(images, seeds, deviation, alike=alike))
        for deviation in (0, 0.01, 0.02, 0.035)
        for alike in (True, False)
    }
    assert max(rates.values()) <= 0.07, rates
    # Without the seeds' spread a third and more of them were.
    first, second = simulated(1000, 4, 0.035)
    old = [paired_difference(each) for each in (first.mean(-1) - second.mean(-1))[:300]]
    assert np.mean([low > 0 or high < 0 for _, low, high in old]) > 0.3


def test_a_difference_of_six_points_is_seen():
    assert decided(*simulated(1000, 4, 0.01, better=0.06)) > 0.95
    assert decided(*simulated(1000, 3, 0.01, better=0.06)) > 0.7


def test_one_side_may_vary_more_than_the_other():
    first, _ = simulated(1000, 4, 0.035)
    _, second = simulated(1000, 4, 0)
    assert decided(first, second) <= 0.07


def test_by_hand():
    """Four images, two seeds; the first way's accuracies are 1 and 1/2, the second's 1/4 and 1/4.

    First: mean squares of seeds 4 * 1/8 = 1/2, of the rest (sum of squares 6, less images 2 * (1 + 1 + 1/4 + 1/4), less
    seeds 4 * (1 + 1/4), plus 8 * 9/16) / 3 = (6 - 5 - 5 + 4.5) / 3 = 1/6: beyond the images (1/2 - 1/6) / 8 = 1/24.
    Second: nothing. Differences averaged over seeds: 0, 1, 1/2, 1/2; (1.5 + 1) / 6 - (2 / 6)^2 = 11/36, over 6.
    """
    first = np.array([[1, 1], [1, 1], [1, 0], [1, 0]])
    second = np.array([[1, 1], [0, 0], [0, 0], [0, 0]])
    variance = 11 / 216 + 1 / 24
    margin = t.ppf(0.975, variance**2 / (1 / 16) ** 2) * np.sqrt(variance)
    assert difference_over_seeds(first, second) == pytest.approx((1 / 2, 1 / 3 - margin, 1 / 3 + margin))


def test_one_seed_is_the_interval_of_images_and_more_seeds_never_narrower():
    first, second = simulated(100, 4, 0.02, repetitions=20)
    for one, other in zip(first, second, strict=True):
        alone = difference_over_seeds(one[:, :1], other[:, :1])
        assert alone == pytest.approx(paired_difference(one[:, 0] * 1.0 - other[:, 0]))
        of_images, both = paired_difference(one.mean(1) - other.mean(1)), difference_over_seeds(one, other)
        assert both[0] == pytest.approx(of_images[0])
        assert both[1] <= of_images[1] < of_images[2] <= both[2]
    same = np.ones((50, 3))
    assert difference_over_seeds(same, same) == pytest.approx(paired_difference(np.zeros(50)))


def test_with_so_many_images_that_seeds_alone_decide_it_is_welchs_test():
    """Images without end leave the seeds' accuracies: scipy's t-test of unequal variances, to the images' remainder."""
    first, second = (each[0] for each in simulated(200_000, 4, 0.03, alike=True, repetitions=1))
    welch = ttest_ind(first.mean(0), second.mean(0), equal_var=False).confidence_interval()
    assert difference_over_seeds(first, second)[1:] == pytest.approx((welch.low, welch.high), abs=0.002)
