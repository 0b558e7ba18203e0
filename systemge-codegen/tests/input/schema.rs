#[serde(rename_all = "snake_case")]
enum Change<T> {
    Cleared,
    CellSet(Cell),
    RowSet { row: u32, cells: Vec<T> },
    Swapped(Cell, Cell),
    #[serde(skip)]
    Internal,
}
