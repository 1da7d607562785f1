//! Tensors, and networks that are run as they are.

use half::f16;
use mirra::{Bundle, ErrorKind, GraphOptions, TensorView, Tensors};
use ndarray::{Array, Array4, s};

use crate::support::{engine, scratch};

#[test]
fn tensors_go_in_and_come_out() {
    let mut set = Tensors::new().expect("a set");
    assert!(set.is_empty());
    set.add("b", TensorView::new(&[1.0_f32, 2.0, 3.0, 4.0, 5.0, 6.0], &[2, 3]).expect("six")).expect("added");
    set.add("a", TensorView::new(&[f16::from_f32(0.5)], &[1]).expect("one")).expect("added");
    set.add("scalar", TensorView::new(&[7.0_f64], &[]).expect("one")).expect("added");
    assert_eq!((set.len(), set.names()), (3, vec!["a".to_owned(), "b".to_owned(), "scalar".to_owned()]));
    let tensor = set.get("b").expect("there");
    assert_eq!(tensor.shape(), [2, 3]);
    assert_eq!(tensor.as_slice::<f64>(), None);
    let copy = set.copy_to_old_dlpack("b").expect("a copy");
    // SAFETY: the copy is this test's, and its deleter is called once.
    unsafe {
        assert_eq!(*copy.as_ref().dl_tensor.data.cast::<f32>().add(4), 5.0);
        copy.as_ref().deleter.expect("a deleter")(copy.as_ptr());
    }
    drop(set);
    assert_eq!(tensor.as_slice::<f32>(), Some(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0][..]), "it lives by itself");
    let raw = tensor.into_dlpack();
    // SAFETY: the tensor was given to this test, and its deleter is called once.
    unsafe {
        let mut other = Tensors::new().expect("a set");
        other.add("c", TensorView::from_dlpack(&raw.as_ref().dl_tensor).expect("on the CPU")).expect("added");
        raw.as_ref().deleter.expect("a deleter")(raw.as_ptr());
        assert_eq!(other.get("c").expect("there").as_slice::<f32>().expect("compact")[5], 6.0);
    }
}

#[test]
fn arrays_of_any_strides_are_tensors() {
    let array = Array::from_shape_fn((3, 4), |(y, x)| (10 * y + x) as f32);
    let part = array.slice(s![..;-1, 1..;2]);
    let mut set = Tensors::new().expect("a set");
    set.add("part", part).expect("added");
    set.add("turned", array.t()).expect("added");
    set.add("none", array.slice(s![..0, ..]))
        .map_or_else(|error| assert!(!error.message().is_empty()), |()| ());
    assert_eq!(set.get("part").expect("there").as_array::<f32>().expect("f32"), part.into_dyn());
    assert_eq!(set.get("turned").expect("there").as_array::<f32>().expect("f32"), array.t().into_dyn());
}

#[test]
fn sets_go_through_files_and_memory() {
    let file = scratch("tensors").join("a.safetensors");
    let mut set = Tensors::new().expect("a set");
    set.add("a", TensorView::new(&[1.0_f32, 2.0], &[2]).expect("two")).expect("added");
    set.write(&file).expect("written");
    for read in [Tensors::read(&file), Tensors::from_bytes(&set.to_bytes().expect("bytes"))] {
        assert_eq!(read.expect("read").get("a").expect("there").as_slice::<f32>(), Some(&[1.0, 2.0][..]));
    }
    assert_eq!(set.get("b").expect_err("none").kind(), ErrorKind::NotFound);
    assert_eq!(Tensors::from_bytes(b"{}").expect_err("none").kind(), ErrorKind::Corrupt);
    assert_eq!(TensorView::new(&[1.0_f32], &[2]).expect_err("two").kind(), ErrorKind::Mismatch);
    TensorView::new::<f32>(&[], &[0, 1 << 40, 1 << 40]).expect("no values at all");
    assert_eq!(TensorView::new(&[1.0_f32], &[usize::MAX, 3]).expect_err("many").kind(), ErrorKind::Mismatch);
}

#[test]
fn a_network_is_run() {
    let engine = engine();
    let bundle = Bundle::open(engine.find_bundle("denoiser-fast.mirra").expect("found")).expect("opened");
    let graph = &bundle.graphs().expect("graphs")[0];
    let side = 16_usize.next_multiple_of(graph.alignment as usize).max(graph.minimum_extent as usize);
    let mut inputs = Tensors::new().expect("a set");
    for (name, &channels) in graph.inputs.iter().zip(&graph.input_channels) {
        let values = Array4::<f32>::from_elem((1, channels as usize, side, side), 0.5);
        inputs.add(name, values.view()).expect("added");
    }
    let options = GraphOptions::new().threads(1).device("cpu");
    let outputs = engine.run_graph(&bundle, &graph.name, &options, &inputs).expect("run");
    let output = outputs.get(&graph.outputs[0]).expect("its output");
    assert_eq!(output.shape()[0], 1);
    assert!(output.as_array::<f32>().expect("f32").iter().all(|value| value.is_finite()));
    let error = engine.run_graph(&bundle, "nothing", &options, &inputs).expect_err("no such graph");
    assert_eq!(error.kind(), ErrorKind::NotFound);
}
