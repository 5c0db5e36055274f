use proptest::prelude::*;

use super::test_files::{NO_LAYER, Placed, chunk, file, group, layer, model, numbers, scene, shape, solid, transform};
use super::*;
use crate::shape::TargetShape;

fn load(bytes: &[u8]) -> Result<LoadedTarget, TargetError> {
    load_as(bytes, &ObjectChoice::Shown, ModelFit::Refuse)
}

fn load_as(bytes: &[u8], object: &ObjectChoice, fit: ModelFit) -> Result<LoadedTarget, TargetError> {
    from_bytes(&VoxelGrid::default(), bytes, "made.vox", Request { object: Some(object), fit })
}

fn refusal(bytes: &[u8]) -> String {
    let message = load(bytes).expect_err("the file is wrong").to_string();
    assert!(message.contains("made.vox") && message.contains("allowed: "), "{message}");
    message
}

/// Cells relative to the lowest along each axis, in order.
fn shape_of(loaded: &LoadedTarget) -> Vec<[u32; 3]> {
    let grid = loaded.occupancy.grid();
    let cells: Vec<[u32; 3]> = loaded.occupancy.occupied().map(|voxel| grid.coordinates(voxel)).collect();
    let low: [u32; 3] = std::array::from_fn(|k| cells.iter().map(|cell| cell[k]).min().unwrap_or(0));
    let mut cells: Vec<[u32; 3]> = cells.iter().map(|cell| std::array::from_fn(|k| cell[k] - low[k])).collect();
    cells.sort_unstable();
    cells
}

#[test]
fn every_shipped_satellite_fills_its_grid_as_drawn() {
    let grid = VoxelGrid::default();
    for (name, count, extent) in
        [("comsat", 589, [14, 20, 15]), ("space_telescope", 1070, [18, 20, 19]), ("upper_stage", 1212, [13, 20, 14])]
    {
        let loaded = embedded(&grid, name).unwrap();
        assert_eq!((loaded.description.voxels, loaded.description.span), (count, extent), "{name}");
        assert_eq!((loaded.description.objects, loaded.description.is_altered()), (1, false), "{name}");
    }
}

#[test]
fn a_model_is_centred_with_its_z_axis_along_the_orbit_normal() {
    let grid = VoxelGrid::new(8, 1.0).unwrap();
    let column = file(&[model([40, 50, 60], &[50, 51, 52, 53].map(|z| [30, 40, z, 9]))]);
    let loaded = from_bytes(&grid, &column, "column", Request::default()).unwrap();
    let expected: Vec<_> = (2..6).map(|z| grid.index(3, 3, z)).collect();
    assert_eq!(loaded.occupancy.occupied().collect::<Vec<_>>(), expected);
}

#[test]
fn files_that_are_no_models_are_refused_by_name() {
    let grid = VoxelGrid::default();
    let missing = from_file(&grid, Path::new("no/such/file.vox"), Request::default()).unwrap_err();
    assert!(missing.to_string().contains("no/such/file.vox"), "{missing}");
    for bytes in [&b""[..], b"VOX ", b"PNG and more", &COMSAT[..40], &COMSAT[..COMSAT.len() / 2]] {
        assert!(refusal(bytes).contains("is not a MagicaVoxel .vox file"));
    }
    let unknown = embedded(&grid, "teapot").unwrap_err().to_string();
    assert!(unknown.contains("teapot") && unknown.contains("comsat, space_telescope, upper_stage"), "{unknown}");
}

#[test]
fn relative_paths_start_at_the_base_folder() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("mine.vox"), COMSAT).unwrap();
    let shape = TargetShape::vox("mine.vox");
    let grid = VoxelGrid::default();
    let shipped = embedded(&grid, "comsat").unwrap().occupancy;
    assert_eq!(shape.occupancy(&grid, Some(folder.path())).unwrap(), shipped);
    assert!(shape.occupancy(&grid, None).is_err());
}

/// Chunks within chunks, `levels` of them with `MAIN`; 12 bytes a level.
fn nested(levels: usize) -> Vec<u8> {
    let mut bytes = b"VOX \xc8\0\0\0".to_vec();
    for below in (0..levels).rev() {
        bytes.extend(if below + 1 == levels { b"MAIN" } else { b"PACK" });
        bytes.extend(numbers(&[0, 12 * below as u32]));
    }
    bytes
}

#[test]
fn nesting_deeper_than_four_levels_is_refused_without_overflow() {
    for levels in [5, 10, 1_000, 100_000, 1_000_000] {
        let message = refusal(&nested(levels));
        assert!(message.contains(&format!("has {levels} levels of nested chunks; allowed: at most 4")), "{message}");
    }
    // Within the limit it is as if the inner chunks were not there.
    for levels in [2, 3, 4] {
        assert!(refusal(&nested(levels)).contains("no model in it"));
    }
    let inner = chunk(b"NOTE", &[], &chunk(b"XYZI", &[], &[]));
    assert_eq!(load(&file(&[inner, solid([2, 2, 2])])).unwrap().description.voxels, 8);
}

#[test]
fn lengths_that_exceed_the_parent_are_refused() {
    let good = file(&[solid([2, 2, 2])]);
    // The length of the content of MAIN, of its children, of SIZE, of XYZI.
    for (place, name) in [(12, "MAIN"), (16, "MAIN"), (24, "SIZE"), (28, "SIZE"), (48, "XYZI"), (52, "XYZI")] {
        for lie in [u32::MAX, 1 << 31, good.len() as u32] {
            let mut bytes = good.clone();
            bytes[place..place + 4].copy_from_slice(&lie.to_le_bytes());
            assert!(refusal(&bytes).contains(name), "{place}");
        }
    }
    for length in 0..good.len() {
        assert!(load(&good[..length]).is_err(), "cut to {length} bytes");
    }
}

#[test]
fn counts_that_lie_are_refused_by_the_bytes_that_are_there() {
    let lie = |id: &[u8; 4], content: &[u32]| file(&[solid([2, 2, 2]), chunk(id, &numbers(content), &[])]);
    const MANY: u32 = u32::MAX;
    for (id, content) in [
        (b"XYZI", &[MANY][..]),
        (b"XYZI", &[3, 0]),
        (b"nTRN", &[0, MANY]),
        (b"nTRN", &[0, 0, 1, MANY, MANY, MANY]),
        (b"nTRN", &[0, 1, MANY]),
        (b"nGRP", &[0, 0, MANY]),
        (b"nSHP", &[0, 0, MANY]),
        (b"nSHP", &[0, 0, 1, 0, MANY]),
        (b"LAYR", &[0, MANY]),
        (b"LAYR", &[0, 1, 1 << 20]),
    ] {
        let message = refusal(&lie(id, content));
        assert!(message.contains(std::str::from_utf8(id).unwrap()), "{message}");
    }
}

#[test]
fn every_limit_is_named_with_value_and_limit() {
    let models: Vec<Vec<u8>> = (0..8193).map(|_| model([1, 1, 1], &[])).collect();
    let nodes: Vec<Vec<u8>> = (0..65_537).map(|id| group(id, &[])).collect();
    let layers: Vec<Vec<u8>> = (0..1025).map(|id| layer(id, &[])).collect();
    let chain = |length: u32| {
        let mut chunks = vec![solid([1, 1, 1])];
        chunks.extend((0..length).map(|id| group(id, &[id + 1])));
        chunks.push(shape(length, 0));
        file(&chunks)
    };
    // Every group shows the next one twice: 2³⁰ objects.
    let mut doubling = vec![solid([1, 1, 1])];
    doubling.extend((0..30).map(|id| group(id, &[id + 1, id + 1])));
    doubling.push(shape(30, 0));
    let many_copies = vec![Placed::default(); 9];
    let cases = [
        (file(&models), "8193 models; allowed: at most 8192"),
        (file(&nodes), "65537 scene nodes; allowed: at most 65536"),
        (file(&layers), "1025 layers; allowed: at most 1024"),
        (file(&[model([257, 1, 1], &[])]), "257 voxels along a side of a model; allowed: at most 256"),
        (file(&[chunk(b"RGBA", &[0; 1028], &[])]), "257 palette colours; allowed: at most 256"),
        (chain(65), "65 levels of nested scene nodes; allowed: at most 64"),
        (file(&doubling), "262145 scene nodes on the way to the objects; allowed: at most 262144"),
        (
            scene(&[model([256, 256, 256], &vec![[0, 0, 0, 0]; 1 << 22])], &many_copies),
            "37748736 voxels of all objects together; allowed: at most 33554432",
        ),
    ];
    for (bytes, expected) in cases {
        let message = refusal(&bytes);
        assert!(message.contains(expected), "{message}");
    }
    assert!(load(&chain(64)).is_ok());
}

#[test]
fn voxels_outside_their_model_are_refused() {
    assert!(
        refusal(&file(&[model([2, 2, 2], &[[0, 2, 0, 1]])])).contains("[0, 2, 0] lies outside its model of [2, 2, 2]")
    );
}

#[test]
fn a_scene_that_contains_itself_is_refused() {
    let circle = |chunks: &[Vec<u8>]| refusal(&file(&[vec![solid([1, 1, 1])], chunks.to_vec()].concat()));
    for message in [
        circle(&[group(0, &[0])]),
        circle(&[transform(0, 1, NO_LAYER, &[], &[&[]]), group(1, &[2]), transform(2, 0, NO_LAYER, &[], &[&[]])]),
        circle(&[group(0, &[1, 1]), group(1, &[2]), group(2, &[1])]),
    ] {
        assert!(message.contains("lies within itself"), "{message}");
    }
}

#[test]
fn scenes_that_name_what_is_missing_or_twice_are_refused() {
    let with = |chunks: &[Vec<u8>]| refusal(&file(&[vec![solid([1, 1, 1])], chunks.to_vec()].concat()));
    assert!(with(&[group(0, &[7])]).contains("a node 7, which is missing"));
    assert!(with(&[group(3, &[])]).contains("a node 0, which is missing"));
    assert!(with(&[shape(0, 1)]).contains("a model 1, and there are 1"));
    assert!(with(&[shape(0, 0), shape(0, 0)]).contains("two nodes have the number 0"));
    for (key, value) in
        [("_r", "5"), ("_r", "3"), ("_r", "132"), ("_r", "x"), ("_t", "1 2"), ("_t", "1 2 3 4"), ("_t", "a b c")]
    {
        let message = refusal(&scene(&[solid([1, 1, 1])], &[Placed { frame: &[(key, value)], ..Default::default() }]));
        assert!(message.contains(&format!("{key} is \"{value}\"")), "{message}");
    }
}

#[test]
fn colour_zero_is_no_voxel() {
    let row = file(&[model([3, 1, 1], &[[0, 0, 0, 1], [1, 0, 0, 0], [2, 0, 0, 255]])]);
    assert_eq!(shape_of(&load(&row).unwrap()), [[0, 0, 0], [2, 0, 0]]);
    assert!(refusal(&file(&[model([1, 1, 1], &[[0, 0, 0, 0]])])).contains("no solid voxel"));
}

/// A bar of 5 × 1 × 1 beside a cube of 2³: moved and turned, worked out by hand.
#[test]
fn objects_stand_where_the_scene_puts_them() {
    let models = [solid([2, 2, 2]), solid([5, 1, 1])];
    let placed = |frame| {
        let bar = Placed { model: 1, frame, ..Default::default() };
        load(&scene(&models, &[Placed::default(), bar])).unwrap()
    };
    // The cube fills cells −1 and 0. The bar's cells are −2…2 about its corner, moved 4 along y.
    let along_x = placed(&[("_t", "0 4 0")]);
    assert_eq!((along_x.description.objects, along_x.description.voxels, along_x.description.span), (2, 13, [5, 6, 2]));
    // A quarter turn about z: x′ = −y, y′ = x, so that the bar's cells are −2…2 along y and −1 along x.
    let along_y = placed(&[("_r", "17"), ("_t", "0 4 0")]);
    assert_eq!(along_y.description.span, [2, 8, 2]);
    assert!(shape_of(&along_y).contains(&[0, 7, 1]) && !shape_of(&along_y).contains(&[1, 7, 1]));
    // Mirrored along x alone: −1 in the first row. The odd bar's cells −2…2 become 1…−3.
    let mirrored = placed(&[("_r", "20"), ("_t", "0 4 0")]);
    assert_eq!(mirrored.description.span, [5, 6, 2]);
    assert!(shape_of(&mirrored).contains(&[4, 5, 1]) && shape_of(&mirrored).contains(&[2, 0, 0]));
}

#[test]
fn groups_move_and_turn_what_lies_in_them() {
    // A group turned by 90° about z and moved 10 along z holds a voxel moved 3 along x, which comes to 3 along y.
    let bytes = file(&[
        solid([1, 1, 1]),
        transform(0, 1, NO_LAYER, &[], &[&[]]),
        group(1, &[2, 4]),
        transform(2, 3, NO_LAYER, &[], &[&[]]),
        shape(3, 0),
        transform(4, 5, NO_LAYER, &[("_name", "wing")], &[&[("_r", "17"), ("_t", "0 0 10")]]),
        group(5, &[6]),
        transform(6, 7, NO_LAYER, &[("_name", "tip")], &[&[("_t", "3 0 0")]]),
        shape(7, 0),
    ]);
    let loaded = load(&bytes).unwrap();
    // The turn moves a single voxel from cell 0 to −1 along x.
    assert_eq!(shape_of(&loaded), [[0, 3, 10], [1, 0, 0]]);
    assert_eq!(loaded.description.object_names, ["tip"]);
    let wing = load_as(&bytes, &ObjectChoice::Name("wing".to_owned()), ModelFit::Refuse).unwrap();
    assert_eq!((wing.description.objects, wing.description.left_out_objects, wing.description.voxels), (1, 1, 1));
}

#[test]
fn hidden_objects_groups_and_layers_are_left_out() {
    let bytes = file(&[
        solid([2, 2, 2]),
        solid([9, 9, 9]),
        transform(0, 1, NO_LAYER, &[], &[&[]]),
        group(1, &[2, 4, 6, 8]),
        transform(2, 3, 0, &[("_name", "bus")], &[&[]]),
        shape(3, 0),
        transform(4, 5, 0, &[("_name", "helper"), ("_hidden", "1")], &[&[]]),
        shape(5, 1),
        transform(6, 7, 1, &[], &[&[]]),
        shape(7, 1),
        transform(8, 9, 0, &[("_hidden", "1")], &[&[]]),
        group(9, &[10]),
        transform(10, 11, 0, &[("_hidden", "0")], &[&[]]),
        shape(11, 1),
        layer(0, &[("_hidden", "0")]),
        layer(1, &[("_hidden", "1")]),
    ]);
    let shown = load(&bytes).unwrap().description;
    assert_eq!((shown.objects, shown.left_out_objects, shown.voxels), (1, 3, 8));
    // Asked for by name, a hidden object is flown.
    let helper = load_as(&bytes, &ObjectChoice::Name("helper".to_owned()), ModelFit::Refuse).unwrap();
    assert_eq!(helper.description.voxels, 729);
    let all_hidden = scene(&[solid([1, 1, 1])], &[Placed { attributes: &[("_hidden", "1")], ..Default::default() }]);
    assert!(refusal(&all_hidden).contains("no solid voxel that is shown"));
}

#[test]
fn one_object_is_chosen_by_name_or_number_and_an_unknown_one_lists_those_there_are() {
    let models = [solid([2, 2, 2]), solid([3, 1, 1])];
    let bytes = scene(
        &models,
        &[
            Placed { attributes: &[("_name", "bus")], ..Default::default() },
            Placed { model: 1, attributes: &[("_name", "panel")], frame: &[("_t", "0 5 0")], ..Default::default() },
            Placed { model: 1, frame: &[("_t", "0 -5 0")], ..Default::default() },
        ],
    );
    let voxels =
        |choice: ObjectChoice| load_as(&bytes, &choice, ModelFit::Refuse).map(|loaded| loaded.description.voxels);
    assert_eq!(voxels(ObjectChoice::Shown), Ok(14));
    assert_eq!(voxels(ObjectChoice::Name("bus".to_owned())), Ok(8));
    assert_eq!(voxels(ObjectChoice::Number(3)), Ok(3));
    for unknown in [ObjectChoice::Name("antenna".to_owned()), ObjectChoice::Number(0), ObjectChoice::Number(4)] {
        let message = voxels(unknown.clone()).unwrap_err().to_string();
        assert!(message.contains(&unknown.to_string()), "{message}");
        assert!(message.contains("1 \"bus\", 2 \"panel\", 3"), "{message}");
    }
    assert!(voxels(ObjectChoice::Name(String::new())).is_err());
}

#[test]
fn without_a_scene_the_first_model_that_is_not_empty_is_flown() {
    let bytes = file(&[model([4, 4, 4], &[]), solid([2, 2, 2]), solid([5, 5, 5])]);
    let description = load(&bytes).unwrap().description;
    assert_eq!((description.objects, description.left_out_objects, description.voxels), (1, 2, 8));
    assert_eq!(load_as(&bytes, &ObjectChoice::Number(3), ModelFit::Refuse).unwrap().description.voxels, 125);
}

#[test]
fn an_animation_is_flown_as_it_begins() {
    let bytes = file(&[
        solid([2, 2, 2]),
        solid([1, 1, 1]),
        transform(0, 1, NO_LAYER, &[], &[&[("_f", "9"), ("_t", "9 0 0")], &[("_f", "0"), ("_t", "3 0 0")]]),
        group(1, &[2, 3]),
        shape(2, 0),
        transform(3, 4, NO_LAYER, &[], &[&[("_t", "5 0 0")]]),
        shape(4, 1),
    ]);
    assert_eq!(load(&bytes).unwrap().description.span, [7, 2, 2]);
}

#[test]
fn a_scene_larger_than_the_grid_is_refused_with_both_sizes_unless_it_may_be_fitted() {
    let message = {
        let grid = VoxelGrid::new(16, 1.0).unwrap();
        from_bytes(&grid, COMSAT, "comsat.vox", Request::default()).unwrap_err().to_string()
    };
    assert!(message.contains("spans [14, 20, 15] voxels") && message.contains("at most 16 along each"), "{message}");
    assert!(message.contains("Shrink") && message.contains("Crop"), "{message}");

    // A plate one voxel thick and 45 long in a grid of 20: three voxels become one, and it stays whole.
    let plate = file(&[solid([45, 4, 1])]);
    let shrunk = load_as(&plate, &ObjectChoice::Shown, ModelFit::Shrink).unwrap().description;
    assert_eq!((shrunk.shrunk_by, shrunk.voxels, shrunk.span, shrunk.cropped_voxels), (3, 30, [15, 2, 1], 0));
    let cropped = load_as(&plate, &ObjectChoice::Shown, ModelFit::Crop).unwrap().description;
    assert_eq!((cropped.shrunk_by, cropped.voxels, cropped.span, cropped.cropped_voxels), (1, 80, [20, 4, 1], 100));
    // What fits is left as it is.
    for fit in [ModelFit::Shrink, ModelFit::Crop] {
        let small = load_as(&file(&[solid([20, 4, 1])]), &ObjectChoice::Shown, fit).unwrap().description;
        assert_eq!((small.shrunk_by, small.voxels, small.is_altered()), (1, 80, false));
    }
    // Two voxels far apart have nothing in their middle.
    let apart =
        scene(&[solid([1, 1, 1])], &[Placed::default(), Placed { frame: &[("_t", "900 0 0")], ..Default::default() }]);
    assert!(load_as(&apart, &ObjectChoice::Shown, ModelFit::Crop).is_err());
    assert_eq!(load_as(&apart, &ObjectChoice::Shown, ModelFit::Shrink).unwrap().description.shrunk_by, 46);
}

#[test]
fn places_at_the_ends_of_the_number_range_are_no_overflow() {
    let far = [("_t", "2147483647 -2147483648 2147483647")];
    let mut chunks = vec![solid([1, 1, 1])];
    chunks.extend((0..60).map(|id| transform(id, id + 1, NO_LAYER, &[], &[&far])));
    chunks.extend([group(60, &[61]), shape(61, 0)]);
    assert_eq!(load(&file(&chunks)).unwrap().description.voxels, 1);
    let apart = [Placed { frame: &far, ..Default::default() }, Placed::default()];
    assert!(refusal(&scene(&[solid([1, 1, 1])], &apart)).contains("2147483648"));
}

/// The parser library reads what we read: models it writes have the same solid voxels, colour 0 aside, which it does
/// not know.
fn library_model() -> impl Strategy<Value = dot_vox::Model> {
    let side = 1..8_u32;
    (side.clone(), side.clone(), side).prop_flat_map(|(x, y, z)| {
        let voxel = (0..x as u8, 0..y as u8, 0..z as u8, 0..255_u8);
        prop::collection::vec(voxel, 0..40).prop_map(move |voxels| dot_vox::Model {
            size: dot_vox::Size { x, y, z },
            voxels: voxels.into_iter().map(|(x, y, z, i)| dot_vox::Voxel { x, y, z, i }).collect(),
        })
    })
}

proptest! {
    #[test]
    fn files_of_the_parser_library_are_read_alike(models in prop::collection::vec(library_model(), 1..4)) {
        let data = dot_vox::DotVoxData {
            version: 200,
            models,
            index_map: Vec::new(),
            palette: dot_vox::DEFAULT_PALETTE.to_vec(),
            materials: Vec::new(),
            scenes: Vec::new(),
            layers: Vec::new(),
        };
        let mut bytes = Vec::new();
        data.write_vox(&mut bytes).unwrap();
        let file = file::VoxFile::read(&bytes).unwrap();
        for (ours, theirs) in file.models.iter().zip(&data.models) {
            let theirs: Vec<[u8; 3]> = theirs.voxels.iter().map(|voxel| [voxel.x, voxel.y, voxel.z]).collect();
            prop_assert_eq!(ours.solid().collect::<Vec<_>>(), theirs);
        }
        prop_assert_eq!(file.models.len(), data.models.len());
    }

    #[test]
    fn damaged_files_give_an_error_or_a_shape_and_never_a_panic(
        which in 0..2_usize,
        cut in 0.0..1.0_f64,
        damage in prop::collection::vec((0.0..1.0_f64, prop::sample::select(vec![0, 1, 2, 4, 12, 127, 128, 255_u8])), 0..12),
    ) {
        let wing = Placed { model: 1, attributes: &[("_name", "wing")], frame: &[("_r", "17"), ("_t", "0 4 0")], layer: 0 };
        let made = scene(&[solid([2, 2, 2]), solid([5, 1, 1])], &[Placed::default(), wing]);
        let mut bytes = if which == 0 { COMSAT.to_vec() } else { made };
        for (place, byte) in damage {
            let place = (place * bytes.len() as f64) as usize;
            bytes[place] = byte;
        }
        let length = (cut * bytes.len() as f64) as usize;
        for damaged in [&bytes[..], &bytes[..length]] {
            for fit in [ModelFit::Refuse, ModelFit::Shrink, ModelFit::Crop] {
                match load_as(damaged, &ObjectChoice::Shown, fit) {
                    Ok(loaded) => prop_assert!(loaded.description.voxels > 0),
                    Err(error) => prop_assert!(error.to_string().contains("allowed: "), "{error}"),
                }
            }
        }
    }
}
