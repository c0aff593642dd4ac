"""Labels that are tensors of their own, used by the network as they are."""
from pathlib import Path

import cv2
import numpy as np
from mmcv.transforms import BaseTransform

from ...errors import DataError
from ...registry import TRANSFORMS
from ...utils import require_file
from .label import require_fitting

LIMBS = ((1, 2), (1, 5), (2, 3), (3, 4), (5, 6), (6, 7), (1, 8), (8, 9), (9, 10), (1, 11), (11, 12), (12, 13), (1, 0),
         (0, 14), (14, 16), (0, 15), (15, 17))
"""Pairs of OpenPose's 18 joints (0 nose, 1 neck, 2-4 right arm, 5-7 left arm, 8-13 legs, 14-17 eyes and ears)."""
NUM_JOINTS = 18
POSE_CHANNELS = 3 + len(LIMBS)
STICK_WIDTH, JOINT_RADIUS = 8, 4  # pixels; our choice
LARGEST = 1e6  # pixels that a key point may be away
DISTANCE_SCALE, DISTANCE_RANGE = 3.0, 255.0


def _colours(count: int) -> np.ndarray:
    """(count, 3) uint8, RGB, once around the colour circle."""
    hues = np.stack([np.linspace(0, 180, count, endpoint=False), np.full(count, 255), np.full(count, 255)], -1)
    return cv2.cvtColor(hues[None].astype(np.uint8), cv2.COLOR_HSV2RGB)[0]


def render_pose(joints: np.ndarray, width: int, height: int) -> np.ndarray:
    """A skeleton as a dense label.

    As CoCosNet is described to do it, whose label MoNCE's DeepFashion weights most likely saw; line widths and
    colours are our choice.

    Args:
        joints: (18, 2) places in pixels, x and y, NaN where a joint was not found.
        width: of the result, in pixels.
        height: of the result, in pixels.

    Returns:
        (20, height, width) float32 in [0, 1]: an RGB drawing, then for each of 17 limbs the L1 distance to it in
        pixels, over 3, clipped to 255, over 255; 1 everywhere for a limb that was not found.
    """
    drawing = np.zeros((height, width, 3), np.uint8)
    distances = np.ones((len(LIMBS), height, width), np.float32)
    points = [None if np.isnan(joint).any() else tuple(int(round(float(place))) for place in joint) for joint in joints]
    for number, (colour, (start, end)) in enumerate(zip(_colours(len(LIMBS)), LIMBS)):
        if points[start] is not None and points[end] is not None:
            limb = cv2.line(np.full((height, width), 255, np.uint8), points[start], points[end], 0, STICK_WIDTH)
            drawing[limb == 0] = colour
            distances[number] = _scaled_distance(limb)
    for colour, point in zip(_colours(NUM_JOINTS), points):
        if point is not None:
            cv2.circle(drawing, point, JOINT_RADIUS, colour.tolist(), thickness=-1)
    return np.concatenate([drawing.transpose(2, 0, 1).astype(np.float32) / 255, distances])


def _scaled_distance(limb: np.ndarray) -> np.ndarray:
    if limb.all():  # outside of the picture
        return np.ones(limb.shape, np.float32)
    distance = cv2.distanceTransform(limb, cv2.DIST_L1, 3)
    return np.clip(distance / DISTANCE_SCALE, 0, DISTANCE_RANGE).astype(np.float32) / DISTANCE_RANGE


def _read_table(path: Path, columns: int) -> np.ndarray:
    require_file(path, 'the file of key points', 'OpenPose finds the candidate and subset of each image.')
    try:
        rows = [[float(word) for word in line.split()] for line in path.read_text(encoding='utf-8').splitlines()
                if line.strip()]
    except ValueError as error:
        raise DataError(f'{path}: is no table of numbers ({error}). Write it anew with OpenPose.') from error
    if any(len(row) < columns for row in rows) or len({len(row) for row in rows}) > 1:
        raise DataError(f'{path}: each row must have the same {columns} or more numbers. Write it anew with OpenPose.')
    table = np.array(rows).reshape(len(rows), len(rows[0]) if rows else columns)
    if not (np.abs(table) < LARGEST).all():  # NaN, too
        raise DataError(f'{path}: holds {table[~(np.abs(table) < LARGEST)][0]}, no place in an image. Write it anew '
                        'with OpenPose.')
    return table


def read_pose(candidate: str | Path, subset: str | Path) -> np.ndarray:
    """The first person of an image, as OpenPose's text files say.

    Args:
        candidate: file of joints, a row each: x, y, score, number.
        subset: file of persons, a row each: for each of 18 joints the row in ``candidate``, or -1.

    Returns:
        (18, 2) pixels, x and y; NaN where a joint was not found.

    Raises:
        DataError: a file is missing, no table, or names a joint that is not there.
    """
    candidate, subset = Path(candidate), Path(subset)
    joints, persons = _read_table(candidate, 2), _read_table(subset, NUM_JOINTS)
    places = np.full((NUM_JOINTS, 2), np.nan)
    for joint, row in enumerate(persons[0, :NUM_JOINTS] if len(persons) else ()):
        if row >= len(joints):
            raise DataError(f'{subset}: joint {joint} is row {row:g} of {candidate}, which has only {len(joints)}. '
                            'Write both anew with OpenPose.')
        if row >= 0:
            places[joint] = joints[int(row), :2]
    return places


@TRANSFORMS.register_module()
class LoadDenseLabel(BaseTransform):
    """Reads ``label_path``, a ``.npy`` file of numbers (S, H, W), after ``img``."""

    def transform(self, results: dict) -> dict:
        """Adds ``label``, (S, H, W) float32.

        Raises:
            DataError: the file is missing, broken, unsafe, not finite, or does not fit the image.
        """
        path = require_file(results['label_path'], 'the dense label', 'Check the path.')
        try:
            label = np.load(path, allow_pickle=False)
        except Exception as error:  # a broken header raises nearly anything
            reason = ' '.join(str(error).split()) or type(error).__name__
            raise DataError(f'{path}: is no array of numbers ({reason}). Write it with numpy.save.') from error
        channels = results['num_channels']
        if getattr(label, 'ndim', 0) != 3 or label.shape[0] != channels or label.dtype.kind not in 'fiub':
            raise DataError(f'{path}: holds {label.dtype if hasattr(label, "dtype") else "several arrays"} of shape '
                            f'{getattr(label, "shape", None)}, must be numbers ({channels}, H, W). Set num_channels, '
                            'or write it anew.')
        label = label.astype(np.float32)
        if not np.isfinite(label).all():
            raise DataError(f'{path}: holds {label[~np.isfinite(label)][0]}, must be finite. Write it anew.')
        require_fitting(results, label.shape[:0:-1])
        results['label'] = label
        return results


@TRANSFORMS.register_module()
class LoadPose(BaseTransform):
    """Draws the key points of ``candidate_path`` and ``subset_path`` in the size of ``img``."""

    def transform(self, results: dict) -> dict:
        """Adds ``label``, see :func:`render_pose`; raises DataError as :func:`read_pose` does."""
        joints = read_pose(results['candidate_path'], results['subset_path'])
        results['label'] = render_pose(joints, *results['img'].size)
        return results
